import { round } from "../core/round.ts";

/** What precedes the number. Within a string of JSON its quotes would be escaped. */
const MEMBER = '"totalMs":';
/** The largest number there is room for: 115 days. */
const MAX_TOTAL_MS = 9_999_999_999.9;
const MAX_CHARACTERS = `${MAX_TOTAL_MS}`.length;

/** As messages carry it: not negative, where a clock was put right. */
export function roundedTotal(totalMs: number): number {
  return round(Math.min(Math.max(0, totalMs), MAX_TOTAL_MS), 1);
}

/**
 * The text of an inference message, whose `totalMs` is set when its bytes are written to the socket.
 *
 * From the rendering of the text to the write is half a millisecond of work. On a loaded machine the
 * thread is preempted there in one message of ten, for up to 30 ms, which the time of the rendering
 * would leave out.
 */
export class TimedPayload {
  readonly #untilNow: () => number;
  readonly #before: string;
  /** ASCII. */
  readonly #after: string;
  #totalMs: number;
  #isSet = false;

  /**
   * @param payload  an inference message, in whose JSON only ASCII follows `totalMs`
   * @param untilNow  milliseconds since the arrival of the frame
   */
  constructor(
    payload: { readonly timing: { readonly totalMs: number } },
    untilNow: () => number,
  ) {
    this.#untilNow = untilNow;
    this.#totalMs = payload.timing.totalMs;
    const json = JSON.stringify(payload);
    const start = json.lastIndexOf(MEMBER) + MEMBER.length;
    this.#before = json.slice(0, start);
    this.#after = json.slice(json.indexOf("}", start));
  }

  /** From the frame's arrival to the write; before it, to the rendering. */
  get totalMs(): number {
    return this.#totalMs;
  }

  /** JSON, and spaces so that its length does not depend on the time. */
  get text(): string {
    return this.#before + this.#end;
  }

  /** Sets the time, in the encoded text as well. A message that is sent again keeps its first one. */
  readonly setTotal = (encoded: Uint8Array): void => {
    if (!this.#isSet) this.#totalMs = roundedTotal(this.#untilNow());
    this.#isSet = true;
    const end = this.#end;
    new TextEncoder().encodeInto(end, encoded.subarray(encoded.byteLength - end.length));
  };

  get #end(): string {
    return `${this.#totalMs}${this.#after}`.padEnd(MAX_CHARACTERS + this.#after.length);
  }
}
