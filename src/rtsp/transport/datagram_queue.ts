/** Cameras may send the largest datagrams there are, 64 KiB: they arrive in fragments of IP. */
const QUEUE_BYTES = 1024 * 1024;
const QUEUE_DATAGRAMS = 512;

/** Handles one datagram; its bytes are valid until it returns. */
export type DatagramHandler = (
  bytes: Uint8Array<ArrayBuffer>,
  start: number,
  length: number,
) => void;

/** Queues datagrams in constant memory. Beyond it the oldest are dropped, which shows as gaps. */
export class DatagramQueue {
  readonly #bytes = new Uint8Array(QUEUE_BYTES);
  readonly #starts = new Int32Array(QUEUE_DATAGRAMS);
  readonly #lengths = new Int32Array(QUEUE_DATAGRAMS);
  readonly #isRtp = new Uint8Array(QUEUE_DATAGRAMS);
  #first = 0;
  #count = 0;
  /** The end of the newest datagram. */
  #end = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Adds a copy of a datagram. */
  push(datagram: Uint8Array, isRtp: boolean): void {
    const start = this.#makeRoom(datagram.byteLength);
    const slot = (this.#first + this.#count) % QUEUE_DATAGRAMS;
    this.#bytes.set(datagram, start);
    this.#starts[slot] = start;
    this.#lengths[slot] = datagram.byteLength;
    this.#isRtp[slot] = isRtp ? 1 : 0;
    this.#end = start + datagram.byteLength;
    this.#count++;
  }

  /** Passes on all datagrams, the oldest first. */
  drain(onRtp: DatagramHandler, onRtcp: DatagramHandler): void {
    while (this.#count > 0) {
      const slot = this.#first;
      const handle = this.#isRtp[slot] === 1 ? onRtp : onRtcp;
      handle(this.#bytes, this.#starts[slot] ?? 0, this.#lengths[slot] ?? 0);
      this.#dropOldest();
    }
  }

  /** Drops the oldest datagrams until another one fits. @returns where it begins */
  #makeRoom(length: number): number {
    if (this.#count === QUEUE_DATAGRAMS) this.#dropOldest();
    let start = this.#end;
    if (start + length > QUEUE_BYTES) {
      // Those between the newest one and the end of the memory are the oldest.
      while (this.#count > 0 && this.#oldestStart >= start) this.#dropOldest();
      start = 0;
    }
    while (this.#count > 0 && this.#oldestStart >= start && this.#oldestStart < start + length) {
      this.#dropOldest();
    }
    return start;
  }

  get #oldestStart(): number {
    return this.#starts[this.#first] ?? 0;
  }

  #dropOldest(): void {
    this.#first = (this.#first + 1) % QUEUE_DATAGRAMS;
    this.#count--;
  }
}
