import type { ModelIdentity } from "../core/detector_types.ts";

/** Hexadecimal digits of the digest that a message holds. */
const SHOWN_DIGITS = 12;

/**
 * Identifies a model by its name and its content.
 * @param model  as configured: a built-in name, or a path, whose folders are not shown
 * @param bytes  what was read of its file, and is loaded
 */
export async function identityOf(
  model: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<ModelIdentity> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return {
    name: model.slice(model.lastIndexOf("/") + 1),
    sha256: digest.toHex().slice(0, SHOWN_DIGITS),
  };
}
