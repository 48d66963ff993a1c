import { LifecycleError, ModelError } from "../core/errors.ts";
import type { OpenedLibrary } from "../libav/library.ts";
import { openLibrary } from "../libav/open_library.ts";
import { NULL, pointer, type Ptr } from "../libav/pointers.ts";
import { OPENVINO } from "./symbols.ts";

const WORD_BYTES = 8;
/** Words that are read at once: twice the sizes of a tensor. */
const MAX_WORDS = 32;
/** Of the names and messages that are read. */
const MAX_TEXT_BYTES = 1024;

/** OpenVINO's C library, and what its functions write. Needs the `ffi` permission for that library only. */
export class OpenVinoCalls implements Disposable {
  /** Where a function writes its result: a pointer, a number or a small struct. */
  readonly cell = new DataView(new ArrayBuffer(MAX_WORDS * WORD_BYTES));
  readonly #library: OpenedLibrary<typeof OPENVINO>;
  readonly #words = new BigInt64Array(MAX_WORDS);
  readonly #text = new Uint8Array(MAX_TEXT_BYTES);
  #isOpen = true;

  /** @throws {LibraryError} when the library cannot be loaded */
  constructor(library: string) {
    this.#library = openLibrary(library, OPENVINO);
  }

  /** The functions. */
  get native(): OpenedLibrary<typeof OPENVINO>["calls"] {
    return this.#library.calls;
  }

  /** @throws {ModelError} `MODEL_RUNTIME` with OpenVINO's reason unless `status` is 0 */
  must(action: string, status: number): void {
    if (status === 0) return;
    const reason = this.takeText(this.native.ov_get_last_err_msg());
    throw openVinoError(action, reason === "" ? `error ${status}` : reason);
  }

  /** The pointer in the {@link cell}. */
  pointer<K>(): Ptr<K> {
    return pointer<K>(this.cell.getBigUint64(0, true));
  }

  /** A word of the {@link cell}. */
  word(index: number): bigint {
    return this.cell.getBigInt64(index * WORD_BYTES, true);
  }

  /** Words of native memory. */
  words(address: bigint, count: number): number[] {
    if (count > MAX_WORDS) throw new LifecycleError(`${count} words are more than are read`);
    if (count > 0) this.native.read(this.#words, address, BigInt(count * WORD_BYTES));
    return Array.from(this.#words.subarray(0, count), Number);
  }

  /** Reads a text of OpenVINO's, and frees it. */
  takeText(address: Ptr<"char">): string {
    if (address === NULL) return "";
    const length = this.native.strnlen(address, BigInt(MAX_TEXT_BYTES));
    this.native.read(this.#text, address, length);
    this.native.ov_free(address);
    const text = new TextDecoder().decode(this.#text.subarray(0, Number(length)));
    return text.replaceAll(/\s+/g, " ").trim();
  }

  /** Closes the library; idempotent. */
  [Symbol.dispose](): void {
    if (this.#isOpen) this.#library.close();
    this.#isOpen = false;
  }
}

/** The error for a model that OpenVINO cannot be used for. */
export function openVinoError(action: string, reason: string): ModelError {
  return new ModelError({
    code: "MODEL_RUNTIME",
    message: `Cannot ${action} in OpenVINO: ${reason}`,
    retryable: false,
    remedy: "Remove openvino from the detector's providers, or export the model otherwise.",
  });
}
