import {
  AT_FDCWD,
  type CallNumbers,
  fixedBuffer,
  type Kernel,
  O_CLOEXEC,
  O_DIRECTORY,
} from "./kernel.ts";

const TASKS = "/proc/self/task";
const STAT_BYTES = 512;
/** Names of some thousand threads; more are not waited for. */
const LIST_BYTES = 64 * 1024;
/** Offsets in `struct linux_dirent64`. */
const RECORD_LENGTH_OFFSET = 16;
const NAME_OFFSET = 19;

/** The name of a thread, of 15 characters at most, and whether it sleeps. */
export interface TaskState {
  readonly name: string;
  readonly sleeps: boolean;
}

/** The threads of this process as the kernel shows them below `/proc/self/task`. */
export class TaskFiles {
  readonly #kernel: Kernel;
  readonly #numbers: CallNumbers;
  readonly #stat = fixedBuffer(STAT_BYTES);
  readonly #decoder = new TextDecoder();

  constructor(kernel: Kernel, numbers: CallNumbers) {
    this.#kernel = kernel;
    this.#numbers = numbers;
  }

  /** Opens the state of a thread. @returns a descriptor, or a negative number */
  open(thread: number): number {
    const path = fixedBuffer(`${TASKS}/${thread}/stat`);
    return this.#kernel.call(this.#numbers.openat, AT_FDCWD, path, O_CLOEXEC);
  }

  close(descriptor: number): void {
    if (descriptor >= 0) this.#kernel.call(this.#numbers.close, descriptor);
  }

  /** Reads the state of a thread; null when it has ended, or could not be opened. */
  read(descriptor: number): TaskState | null {
    const { pread64 } = this.#numbers;
    const length = this.#kernel.call(pread64, descriptor, this.#stat, STAT_BYTES, 0);
    if (length <= 0) return null;
    const text = this.#decoder.decode(new Uint8Array(this.#stat, 0, length));
    // `TID (name) S …`; the name may hold any character.
    const end = text.lastIndexOf(")");
    return { name: text.slice(text.indexOf("(") + 1, end), sleeps: text.charAt(end + 2) === "S" };
  }

  /** The states of all threads, by their numbers. */
  all(): Map<number, TaskState> {
    const states = new Map<number, TaskState>();
    for (const thread of this.#list()) {
      const descriptor = this.open(thread);
      const state = this.read(descriptor);
      this.close(descriptor);
      if (state !== null) states.set(thread, state);
    }
    return states;
  }

  #list(): number[] {
    const { openat, getdents64 } = this.#numbers;
    const flags = O_DIRECTORY | O_CLOEXEC;
    const folder = this.#kernel.call(openat, AT_FDCWD, fixedBuffer(TASKS), flags);
    if (folder < 0) return [];
    const list = fixedBuffer(LIST_BYTES);
    const length = this.#kernel.call(getdents64, folder, list, LIST_BYTES);
    this.close(folder);
    const view = new DataView(list);
    const threads: number[] = [];
    for (let at = 0; at < length; at += view.getUint16(at + RECORD_LENGTH_OFFSET, true)) {
      const name = new Uint8Array(list, at + NAME_OFFSET);
      const thread = Number(this.#decoder.decode(name.subarray(0, name.indexOf(0))));
      if (thread > 0) threads.push(thread);
    }
    return threads;
  }
}
