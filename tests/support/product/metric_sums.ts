/** The sums of the ledger as a scrape of the metrics shows them. */
import assert from "node:assert/strict";

/** A name up to its labels, the labels, and the value. */
const SAMPLE = /^(\w+)\{(.*)\} (\S+)$/gm;

/** The sum of the samples of a metric that have these labels. */
function sumOf(text: string, metric: string, labels: readonly string[]): number {
  let sum = 0;
  for (const [, name, written = "", value] of text.matchAll(SAMPLE)) {
    if (name === metric && labels.every((label) => written.includes(label))) sum += Number(value);
  }
  return sum;
}

/** Asserts that the counters of one scrape close, for every camera and each of its detectors. */
export function assertMetricsClose(text: string): void {
  const sum = (metric: string, ...labels: readonly string[]) =>
    sumOf(text, `orion_${metric}`, labels);
  const cameras = text.matchAll(/^orion_frames_received_total\{(camera="[^"]*")\} (\d+)$/gm);
  for (const [, camera = "", received] of cameras) {
    const decoded = sum("frames_decoded_total", camera);
    assert.equal(
      Number(received),
      sum("frames_undecoded_total", camera) + sum("frames_corrupt_total", camera) + decoded,
      `${camera}: received = undecoded + corrupt + decoded`,
    );
    const detectors = text.matchAll(/^orion_mailbox_waiting\{.*(detector="[^"]*")\} [01]$/gm);
    for (const detector of new Set([...detectors].map(([, detector = ""]) => detector))) {
      assert.equal(
        decoded,
        sum("frames_processed_total", camera, detector) +
          sum("frames_dropped_total", camera, detector) +
          sum("mailbox_waiting", camera, detector),
        `${camera}, ${detector}: decoded = processed + dropped + waiting`,
      );
    }
  }
}
