import assert from "node:assert/strict";
import type { CopiedEvent } from "../../../../src/core/event_types.ts";
import type { FromPublisher, ToPublisher } from "../../../../src/core/messages.ts";
import { PublisherWorker } from "../../../../src/service/workers/publisher_worker.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";
import { FakeThreads } from "../../../support/workers/fake_threads.ts";
import { publisherPlan } from "../../../support/workers/publisher_worker.ts";

Deno.test("publisher worker: a new thread copies payloads while the one before did", () => {
  const threads = new FakeThreads<ToPublisher, FromPublisher>();
  const copied: CopiedEvent[] = [];
  const ignored = () => undefined;
  const worker = new PublisherWorker({
    spawn: threads.spawn,
    plan: publisherPlan("mqtt://127.0.0.1:1883"),
    clock: new HeldClock(),
    onCopied: (copy) => copied.push(copy),
    ...{ onStarted: ignored, onCommand: ignored, onEmitted: ignored, onProduced: ignored },
    ...{ onPresence: ignored, onKeep: ignored, onPicture: ignored, onFailed: ignored },
  });
  worker.watch(true);
  worker.start();
  worker.abandon();
  worker.start();
  worker.watch(false);
  worker.abandon();
  worker.start();
  assert.deepEqual(
    threads.all.map((thread) => thread.of("watch").map(({ on }) => on)),
    [[true], [true, false], []],
  );
  const copy = { event: "inference", camera: "gate", detector: "person", payload: "{}" } as const;
  threads.newest().emit({ kind: "copied", copy });
  assert.deepEqual(copied, [copy]);
});
