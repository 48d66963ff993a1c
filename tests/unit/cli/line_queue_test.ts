import assert from "node:assert/strict";
import { LineQueue, MAX_WAITING_BYTES } from "../../../src/cli/line_queue.ts";
import { HeldClock, settle } from "../../support/clocks/held_clock.ts";

/** A reader whose writes the test controls. */
class Reader {
  text = "";
  writes = 0;
  readonly gaps: number[] = [];
  readonly clock = new HeldClock();
  readonly queue: LineQueue;
  /** The outcome of a write: an error, or the most bytes accepted; null: it stays pending. */
  takes: Error | number | null = Infinity;
  #release = () => {};

  constructor() {
    this.queue = new LineQueue({
      write: (bytes) => this.#write(bytes),
      clock: this.clock,
      onGap: (lines) => {
        this.gaps.push(lines);
        this.queue.push(`gap of ${lines}\n`);
      },
    });
  }

  /** Completes the pending write, and accepts everything from here on. */
  async resume(): Promise<void> {
    this.takes = Infinity;
    this.#release();
    await settle();
  }

  async #write(bytes: Uint8Array): Promise<number> {
    this.writes++;
    if (this.takes === null) await new Promise<void>((resolve) => this.#release = resolve);
    if (typeof this.takes !== "number") throw this.takes ?? new Error("still blocked");
    const count = Math.min(bytes.length, this.takes);
    this.text += new TextDecoder().decode(bytes.subarray(0, count));
    return count;
  }
}

/** Fills the queue and adds `more` lines; returns the lines that fitted. */
function overflow(queue: LineQueue, more: number): string {
  const line = `${"x".repeat(1023)}\n`;
  const fit = MAX_WAITING_BYTES / line.length;
  for (let index = 0; index < fit + more; index++) queue.push(line);
  return line.repeat(fit);
}

Deno.test("lines: short writes keep lines whole and in order", async () => {
  const reader = new Reader();
  reader.takes = 3;
  for (const line of ["one\n", "two\n", "three\n"]) reader.queue.push(line);
  await reader.queue.flush(1000);
  assert.equal(reader.text, "one\ntwo\nthree\n");
  assert.equal(reader.queue.dropped, 0);
  assert.deepEqual(reader.clock.waitsMs, []);
});

Deno.test("lines: the queue of a blocked reader is bounded; what it drops is one gap, reported once", async () => {
  const reader = new Reader();
  reader.takes = null;
  const fitted = overflow(reader.queue, 5);
  await settle();
  assert.equal(reader.writes, 1, "one write at a time");
  assert.equal(reader.queue.dropped, 5);
  reader.queue.push("s\n");
  assert.equal(reader.queue.dropped, 6, "a short line does not overtake the gap");
  await reader.resume();
  assert.equal(reader.text, `${fitted}gap of 6\n`);
  reader.queue.push("after\n");
  await settle();
  assert.equal(reader.text, `${fitted}gap of 6\nafter\n`);
  assert.deepEqual(reader.gaps, [6]);
});

Deno.test("lines: a write to a full disk is retried, and no queued line is lost", async () => {
  const reader = new Reader();
  reader.takes = new Error("No space left on device");
  reader.queue.push("a\n");
  await settle();
  reader.queue.push("b\n");
  await reader.clock.pass(5000);
  const tries = reader.writes;
  assert.ok(tries >= 5 && tries <= 7, `${tries} writes in five seconds`);
  reader.takes = Infinity;
  await reader.clock.pass(1000);
  assert.equal(reader.text, "a\nb\n");
  assert.deepEqual([reader.queue.dropped, reader.gaps], [0, []]);
});

Deno.test("lines: a write to a slow terminal is retried sooner", async () => {
  const reader = new Reader();
  reader.takes = new Deno.errors.WouldBlock();
  reader.queue.push("a\n");
  await settle();
  reader.takes = Infinity;
  await reader.clock.pass(100);
  assert.equal(reader.text, "a\n");
});

Deno.test("lines: nothing is written after the reader closed the pipe", async () => {
  const reader = new Reader();
  reader.takes = new Deno.errors.BrokenPipe();
  reader.queue.push("a\n");
  await settle();
  for (const line of ["b\n", "c\n"]) reader.queue.push(line);
  await settle();
  assert.equal(reader.writes, 1);
  assert.equal(reader.queue.dropped, 2);
  await reader.queue.flush(1000);
  assert.deepEqual(reader.clock.waitsMs, []);
});

Deno.test("lines: flush waits no longer than its timeout", async () => {
  const stuck = new Reader();
  stuck.takes = null;
  stuck.queue.push("a\n");
  let isDone = false;
  const flushed = stuck.queue.flush(1000).then(() => isDone = true);
  await stuck.clock.pass(999);
  assert.equal(isDone, false);
  await stuck.clock.pass(1);
  await flushed;
  const full = new Reader();
  full.takes = new Error("No space left on device");
  full.queue.push("a\n");
  await settle();
  await full.queue.flush(1000);
  assert.deepEqual(full.clock.waitsMs, [], "a failed write is not retried");
});
