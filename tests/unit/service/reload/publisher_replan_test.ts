import assert from "node:assert/strict";
import type { FromPublisher, ToPublisher } from "../../../../src/core/messages.ts";
import { PublisherWorker } from "../../../../src/service/workers/publisher_worker.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";
import { FakeThreads } from "../../../support/workers/fake_threads.ts";
import {
  ended,
  occupancy,
  SETTINGS,
  started,
  ZONE,
} from "../../../support/workers/presence_parts.ts";
import { publisherPlan } from "../../../support/workers/publisher_worker.ts";

const ignored = () => undefined;

Deno.test("publisher worker: another plan is that of all later threads, without what it does not have", async () => {
  const clock = new HeldClock();
  const threads = new FakeThreads<ToPublisher, FromPublisher>();
  const worker = new PublisherWorker({
    ...{ spawn: threads.spawn, plan: publisherPlan("mqtt://127.0.0.1:1883"), clock },
    ...{ onStarted: ignored, onCommand: ignored, onEmitted: ignored, onProduced: ignored },
    ...{ onPresence: ignored, onKeep: ignored, onPicture: ignored, onCopied: ignored },
    onFailed: ignored,
  });
  worker.start();
  for (const camera of ["gate", "yard"]) {
    const sinceMs = clock.wallMs();
    worker.publishCamera({ camera, state: "online", sinceMs, reason: null, reconnects: 0 });
    worker.setDetecting(camera, true);
    const event = started(camera, { camera });
    threads.newest().emit({ kind: "presence", number: camera === "gate" ? 1 : 2, event });
    const all = { ...occupancy("all", 1), camera };
    threads.newest().emit({
      kind: "presence",
      number: camera === "gate" ? 3 : 4,
      event: { kind: "occupancy", occupancy: all },
    });
  }
  const presence = {
    detectors: [{ detector: "person", cameras: ["gate"], settings: SETTINGS }],
    scenes: [{ camera: "gate", zones: [ZONE], lines: [] }],
  };
  let isOver = false;
  const replanned = worker.replan({ homeAssistant: null, presence }).then(() => isOver = true);
  const first = threads.newest();
  assert.deepEqual(first.of("replan").map(({ plan }) => plan.presence), [presence]);
  assert.equal(isOver, false);
  const end = ended("yard", "shutdown", { camera: "yard" });
  first.emit({ kind: "presence", number: 5, event: end });
  assert.equal(worker.journal.accounts("yard")[0]?.open, 0, "the sums close");
  first.emit({ kind: "replanned" });
  await replanned;
  assert.deepEqual(worker.journal.accounts("yard"), []);
  assert.deepEqual(worker.journal.occupancy("yard", []), []);
  assert.equal(worker.journal.accounts("gate")[0]?.open, 1);
  worker.abandon();
  worker.start();
  const next = threads.newest();
  assert.deepEqual(next.of("start").map(({ plan }) => plan.presence), [presence]);
  assert.deepEqual(next.of("camera").map(({ status }) => status.camera), ["gate"]);
  assert.deepEqual(next.of("detect").map(({ camera }) => camera), ["gate"]);
});
