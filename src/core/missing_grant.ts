/** The remedy for a missing permission of Deno. */

/** The permissions that Orion may need. */
export type PermissionKind = "read" | "write" | "net" | "env" | "ffi" | "run" | "sys";

/** The flag that grants it. */
export function allowFlag(kind: PermissionKind, values: readonly string[]): string {
  return `--allow-${kind}=${values.join(",")}`;
}

/**
 * The remedy where it is missing.
 *
 * @param isCompiled  whether this is a compiled program, whose permissions are fixed
 */
export function grantRemedy(
  kind: PermissionKind,
  values: readonly string[],
  isCompiled = Deno.build.standalone,
): string {
  const flag = allowFlag(kind, values);
  return isCompiled
    ? `It was compiled without ${flag}: compile it for this configuration (--config).`
    : `Add ${flag}, or start it through scripts/orion.sh, which computes the flags.`;
}
