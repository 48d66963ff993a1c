import assert from "node:assert/strict";
import { LineQueue, MAX_WAITING_BYTES } from "../../../src/cli/line_queue.ts";
import { HeldClock, settle } from "../../support/clocks/held_clock.ts";

/** A reader that takes bytes when a test lets it. */
class Reader {
  text = "";
  writes = 0;
  readonly gaps: number[] = [];
  readonly clock = new HeldClock();
  readonly queue: LineQueue;
  /** What a write comes to: an error, or how many bytes are taken at most; null: it never ends. */
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

  /** Reads on after it took nothing. */
  async resume(): Promise<void> {
    this.takes = Infinity;
    this.#release();
    await settle();
  }

  async #write(bytes: Uint8Array): Promise<number> {
    this.writes++;
    if (this.takes === null) await new Promise<void>((resolve) => this.#release = resolve);
    if (typeof this.takes !== "number") throw this.takes ?? new Error("still nothing is taken");
    const count = Math.min(bytes.length, this.takes);
    this.text += new TextDecoder().decode(bytes.subarray(0, count));
    return count;
  }
}

/** Fills what may wait, and a little more; returns the lines that fitted. */
function overflow(queue: LineQueue, more: number): string {
  const line = `${"x".repeat(1023)}\n`;
  const fit = MAX_WAITING_BYTES / line.length;
  for (let index = 0; index < fit + more; index++) queue.push(line);
  return line.repeat(fit);
}

Deno.test("lines: they come whole and in order, however few bytes are taken at once", async () => {
  const reader = new Reader();
  reader.takes = 3;
  for (const line of ["one\n", "two\n", "three\n"]) reader.queue.push(line);
  await reader.queue.flush(1000);
  assert.equal(reader.text, "one\ntwo\nthree\n");
  assert.equal(reader.queue.dropped, 0);
  assert.deepEqual(reader.clock.waitsMs, []);
});

Deno.test("lines: what a reader that takes nothing is owed is bounded; the rest is one gap, told once", async () => {
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

Deno.test("lines: a full disk is tried again, and loses nothing that can wait", async () => {
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

Deno.test("lines: a terminal that is only slow is tried again soon", async () => {
  const reader = new Reader();
  reader.takes = new Deno.errors.WouldBlock();
  reader.queue.push("a\n");
  await settle();
  reader.takes = Infinity;
  await reader.clock.pass(100);
  assert.equal(reader.text, "a\n");
});

Deno.test("lines: a reader that closed its end is written to no more", async () => {
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

Deno.test("lines: the end waits for the reader no longer than it may", async () => {
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
  assert.deepEqual(full.clock.waitsMs, [], "what fails is not tried again");
});
