import type { Calls } from "./pointers.ts";
import type { LIBC } from "./symbols/libc.ts";

/** `CLOCK_THREAD_CPUTIME_ID` of Linux. */
const THREAD_CPU_TIME = 3;
/** More than a 64-bit `timespec`: V8 does not move buffers larger than 64 bytes. */
const TIMESPEC_BYTES = 128;

/** CPU time of the calling thread: the cost of a call, independent of the load of the machine. */
export class ThreadClock {
  readonly #libc: Pick<Calls<typeof LIBC>, "clock_gettime">;
  readonly #time = new DataView(new ArrayBuffer(TIMESPEC_BYTES));

  constructor(libc: Pick<Calls<typeof LIBC>, "clock_gettime">) {
    this.#libc = libc;
  }

  /** Milliseconds; 0 where the system does not report it. */
  nowMs(): number {
    if (this.#libc.clock_gettime(THREAD_CPU_TIME, this.#time) !== 0) return 0;
    const seconds = Number(this.#time.getBigInt64(0, true));
    return seconds * 1000 + Number(this.#time.getBigInt64(8, true)) / 1e6;
  }
}
