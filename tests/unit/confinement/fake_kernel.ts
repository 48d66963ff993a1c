/** A kernel that records what it is asked for, and has the version of Landlock that a test wants. */
import {
  type CallArgument,
  callNumbers,
  type Kernel,
  LANDLOCK_ADD_RULE,
  LANDLOCK_CREATE_RULESET,
  LANDLOCK_RESTRICT_SELF,
} from "../../../src/confinement/kernel.ts";

const ENOSYS = 38;
const ENOENT = 2;
const EINVAL = 22;
const EACCES = 13;
const RULESET = 9;
const HELPER = 4242;

/** A rule that was added: `port 554`, or the path with its rights. */
export class FakeKernel implements Kernel, Disposable {
  readonly rules: string[] = [];
  /** Size and fields of `struct landlock_ruleset_attr`. */
  ruleset: { readonly bytes: number; readonly fields: readonly bigint[] } | null = null;
  isConfined = false;
  isDisposed = false;
  readonly #abi: number;
  readonly #files: readonly string[];
  readonly #refuses: readonly number[];
  readonly #open = new Map<number, string>();

  /** @param parts.files  paths that are files; a path with `missing` does not exist, others are folders */
  constructor(parts: { abi: number; files?: readonly string[]; refuses?: readonly number[] }) {
    this.#abi = parts.abi;
    this.#files = parts.files ?? [];
    this.#refuses = parts.refuses ?? [];
  }

  call(number: number, ...args: readonly CallArgument[]): number {
    if (this.#refuses.includes(number)) return -EACCES;
    switch (number) {
      case LANDLOCK_CREATE_RULESET:
        return this.#create(args);
      case LANDLOCK_ADD_RULE:
        return this.#addRule(args);
      case LANDLOCK_RESTRICT_SELF:
        this.isConfined = true;
        return 0;
      case callNumbers()?.openat:
        return this.#openat(text(args[1]));
      default:
        return 0;
    }
  }

  callOnHelper(number: number): Promise<number> {
    if (this.#refuses.includes(number)) return Promise.resolve(-1);
    if (number === callNumbers()?.gettid) return Promise.resolve(HELPER);
    const isOpening = number === callNumbers()?.openat;
    return Promise.resolve(isOpening ? this.isConfined ? -1 : 77 : 0);
  }

  [Symbol.dispose](): void {
    this.isDisposed = true;
  }

  #create([attribute, bytes]: readonly CallArgument[]): number {
    if (this.#abi === 0) return -ENOSYS;
    if (!(attribute instanceof ArrayBuffer)) return this.#abi;
    this.ruleset = { bytes: Number(bytes), fields: [...new BigUint64Array(attribute, 0, 3)] };
    return RULESET;
  }

  #addRule([_ruleset, kind, attribute]: readonly CallArgument[]): number {
    if (!(attribute instanceof ArrayBuffer)) return -EINVAL;
    const view = new DataView(attribute);
    if (kind === 2) {
      this.rules.push(`port ${view.getBigUint64(8, true)}`);
      return 0;
    }
    const path = this.#open.get(view.getInt32(8, true)) ?? "";
    const rights = view.getBigUint64(0, true);
    // `LANDLOCK_ACCESS_FS_READ_DIR` does not exist for files.
    if (this.#files.includes(path) && (rights & 8n) !== 0n) return -EINVAL;
    this.rules.push(`${path} ${rights}`);
    return 0;
  }

  #openat(path: string): number {
    if (path.includes("missing") || path.startsWith("/proc/self/task")) return -ENOENT;
    const descriptor = 100 + this.#open.size;
    this.#open.set(descriptor, path);
    return descriptor;
  }
}

function text(argument: CallArgument | undefined): string {
  if (!(argument instanceof ArrayBuffer)) return "";
  const bytes = new Uint8Array(argument);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}
