/** A native call that never returns. */

/** The C library, where Debian and its children have it; a grant must be spelled like the load. */
export const LIBC = Deno.build.arch === "aarch64"
  ? "/lib/aarch64-linux-gnu/libc.so.6"
  : "/lib/x86_64-linux-gnu/libc.so.6";

/** `pause(2)`: waits for a signal, which no thread but the first gets. Needs `ffi` for {@link LIBC}. */
export function neverReturn(): void {
  const libc = Deno.dlopen(LIBC, { pause: { parameters: [], result: "i32" } });
  for (;;) libc.symbols.pause();
}
