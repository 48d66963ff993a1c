import { BrokerError } from "../core/errors.ts";
import type { BrokerTarget } from "../core/publisher_types.ts";
import { decodeText, FileRefused, readRegularFile } from "../core/regular_file.ts";

/** The CA bundle of a distribution is below 300 KiB. */
const MAX_PEM_BYTES = 1024 * 1024;

/** A certificate or a key, and its end: a file that is being written may lack it. */
const PEM = /-----BEGIN [A-Z0-9 ]+-----[\s\S]+?-----END [A-Z0-9 ]+-----/;

/** The contents of the PEM files that a {@link BrokerTarget} names; null where it names none. */
export interface TlsFiles {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

/**
 * Reads the PEM files of a connection. Called for every attempt, so that the next connection uses a
 * renewed certificate.
 * @param readText  reads one file
 * @throws {BrokerError} `BROKER_TLS` when a file cannot be read, or is none
 */
export async function readTlsFiles(
  target: Pick<BrokerTarget, keyof TlsFiles>,
  readText: (path: string) => Promise<string>,
): Promise<TlsFiles> {
  const read = async (name: keyof TlsFiles) => {
    const path = target[name];
    if (path === null) return null;
    const refused = (found: string, cause?: unknown) =>
      new BrokerError({
        code: "BROKER_TLS",
        message: `Cannot read mqtt.${name} (${path}): ${found}`,
        retryable: true,
        remedy: `Point mqtt.${name} at a PEM file that Orion's user may read.`,
      }, { cause });
    let text: string;
    try {
      text = await readText(path);
    } catch (cause) {
      if (cause instanceof FileRefused) throw refused(cause.message, cause);
      throw refused(cause instanceof Error ? cause.name : "unreadable", cause);
    }
    if (!PEM.test(text)) throw refused("it holds no complete PEM");
    return text;
  };
  const [ca, cert, key] = await Promise.all([read("ca"), read("cert"), read("key")]);
  return { ca, cert, key };
}

/** Reads one PEM file. */
export async function readTlsFile(path: string): Promise<string> {
  return decodeText(await readRegularFile(path, { maxBytes: MAX_PEM_BYTES }));
}
