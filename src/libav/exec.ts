import { LifecycleError } from "../core/errors.ts";
import { openLibrary } from "./open_library.ts";
import { cString } from "./memory.ts";
import { NULL } from "./pointers.ts";
import { LIBC } from "./symbols/libc.ts";

const SYMBOLS = {
  execv: {
    parameters: [
      "buffer", // const char *pathname
      "buffer", // char *const argv[]
    ],
    result: "i32",
  },
  read: LIBC.read,
} as const satisfies Deno.ForeignLibraryInterface;

/** V8 moves smaller buffers. */
const MIN_BUFFER_BYTES = 128;

/**
 * Replaces this process by another program, as `exec` of a shell does: it keeps the id, the environment
 * and the open standard streams. Needs the `ffi` permission for the C library only.
 *
 * @param libc     absolute path of the C library
 * @param program  absolute path
 * @param args     without the program's name
 * @throws {LifecycleError} when the program cannot be started; otherwise it does not return
 */
export function replaceProcess(libc: string, program: string, args: readonly string[]): never {
  const { calls } = openLibrary(libc, SYMBOLS);
  const texts = [program, ...args].map((text) => new Uint8Array(cString(text)));
  const pointers = (texts.length + 1) * BigInt64Array.BYTES_PER_ELEMENT;
  const length = texts.reduce((sum, { byteLength }) => sum + byteLength, pointers);
  const block = new Uint8Array(Math.max(length, MIN_BUFFER_BYTES));
  const view = new DataView(block.buffer);
  // A `memcpy` of 0 bytes returns its destination.
  const address = calls.read(block, NULL, 0n);
  let at = pointers;
  for (const [index, text] of texts.entries()) {
    view.setBigUint64(index * BigInt64Array.BYTES_PER_ELEMENT, address + BigInt(at), true);
    block.set(text, at);
    at += text.byteLength;
  }
  calls.execv(cString(program), block);
  throw new LifecycleError(`Cannot start ${program}`);
}
