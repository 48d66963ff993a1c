import assert from "node:assert/strict";
import type { CameraStatus } from "../../../../src/core/camera_types.ts";
import { wallMs } from "../../../../src/core/clock.ts";
import type { Occupancy } from "../../../../src/core/presence_types.ts";
import type { EventReader } from "../../../../src/health/events_route.ts";
import {
  EventHub,
  type EventState,
  HEARTBEAT_MS,
  MAX_EVENT_READERS,
  MAX_STALLED_BEATS,
} from "../../../../src/service/events/event_hub.ts";
import {
  EventQueue,
  MAX_WAITING_BYTES,
  MAX_WAITING_PRESENCE,
} from "../../../../src/service/events/event_queue.ts";
import { MAX_MISSED } from "../../../../src/service/events/missed_events.ts";
import { HeldClock, settle } from "../../../support/clocks/held_clock.ts";
import { ended, occupancy, started } from "../../../support/workers/presence_parts.ts";

const AT = wallMs(1_795_345_361_640);

function status(camera: string, state: CameraStatus["state"]): CameraStatus {
  return { camera, state, sinceMs: AT, reason: null, reconnects: 0 };
}

function rig(state: Partial<EventState> = {}) {
  const clock = new HeldClock();
  const watched: boolean[] = [];
  const hub = new EventHub({
    clock,
    instance: "lobby-1",
    run: 7,
    cameras: new Set(["gate", "yard"]),
    state: () => ({ cameras: [], occupancy: [], health: null, settledUpTo: 0, ...state }),
    onWatch: (on) => watched.push(on),
  });
  let slow = 0;
  const open = (camera: string | null = null, lastEventId: string | null = null) => {
    const reader = hub.open({ camera, lastEventId, onSlow: () => slow++ });
    assert.ok(reader !== null);
    return reader;
  };
  const inference = (camera: string, seq: number, detector = "person") =>
    hub.copied({ event: "inference", camera, detector, payload: `{"seq":${seq}}` });
  const presence = (number: number, camera = "gate", payload = `{"number":${number}}`) =>
    hub.copied({ event: "presence", camera, number, payload });
  return { clock, hub, watched, open, inference, presence, slow: () => slow };
}

const pending = new WeakMap<EventReader, Promise<Uint8Array | null>>();

/** What waits for a reader, as text; afterwards it waits for more. */
async function taken(reader: EventReader): Promise<string[]> {
  const blocks: string[] = [];
  for (;;) {
    const next = pending.get(reader) ?? reader.take();
    pending.set(reader, next);
    const bytes = await Promise.race([next, settle().then(() => undefined)]);
    if (bytes === undefined) return blocks;
    pending.delete(reader);
    blocks.push(bytes === null ? "end" : new TextDecoder().decode(bytes));
    if (bytes === null) return blocks;
  }
}

function occupied(camera: string, persons: number): Occupancy {
  return { ...occupancy("all", persons), camera };
}

const START = "retry: 2000\nid: 7-0\n\n";

Deno.test("events: a new reader first gets the newest state of everything", async () => {
  const { open } = rig({
    cameras: [status("gate", "online"), status("yard", "offline")],
    occupancy: [occupied("gate", 2), occupied("yard", 0)],
    health: { schema: "orion.health/1" },
    settledUpTo: 12,
  });
  const all = await taken(open());
  assert.equal(all[0], "retry: 2000\nid: 7-12\n\n");
  assert.deepEqual(all.slice(1).map((block) => block.split("\n")[0]), [
    ...["event: camera", "event: camera", "event: occupancy", "event: occupancy"],
    "event: health",
  ]);
  assert.equal(
    all[1],
    'event: camera\ndata: {"schema":"orion.camera/1","camera":"gate","state":"online",' +
      '"since":"2026-11-22T11:02:41.640Z","reason":null,"reconnects":0}\n\n',
  );
  const gate = await taken(open("gate"));
  assert.equal(gate.filter((block) => block.includes('"yard"')).length, 0);
  assert.equal(gate.length, 4);
});

Deno.test("events: nothing is watched without a reader", async () => {
  const { hub, watched, open } = rig();
  const [one, other] = [open(), open()];
  assert.deepEqual(watched, [true]);
  one.close();
  one.close();
  assert.deepEqual(watched, [true]);
  other.close();
  assert.deepEqual(watched, [true, false]);
  assert.equal(hub.readers, 0);
  assert.deepEqual(await taken(other), ["end"]);
  open();
  assert.deepEqual(watched, [true, false, true]);
});

Deno.test("events: each reader gets what it asked for, byte for byte", async () => {
  const { hub, open, inference, presence } = rig();
  const [all, yard] = [open(), open("yard")];
  assert.deepEqual([await taken(all), await taken(yard)], [[START], [START]]);
  inference("gate", 1);
  presence(3);
  hub.camera(status("yard", "stalled"));
  hub.health({ schema: "orion.health/1" });
  const blocks = await taken(all);
  assert.equal(blocks[0], 'event: inference\ndata: {"seq":1}\n\n');
  assert.equal(blocks[1], 'id: 7-3\nevent: presence\ndata: {"number":3}\n\n');
  assert.equal(blocks.length, 4);
  assert.deepEqual(await taken(yard), blocks.slice(2));
});

Deno.test("events: for a slow reader the newest inference of a pair waits, and every event of presence", async () => {
  const { open, inference, presence, hub } = rig();
  const [slow, fast] = [open(), open()];
  const seen: string[] = await taken(fast);
  for (let seq = 1; seq <= 1_000; seq++) {
    inference("gate", seq);
    if (seq % 100 === 0) presence(seq);
    inference("yard", seq);
    inference("gate", seq, "vehicle");
    hub.presence({ kind: "occupancy", occupancy: occupied("gate", seq) }, seq);
    seen.push(...await taken(fast));
  }
  assert.equal(seen.length, 1 + 4 * 1_000 + 10);
  assert.ok(slow instanceof EventQueue);
  assert.equal(slow.waiting, 1 + 4 + 10);
  const blocks = await taken(slow);
  assert.equal(blocks.filter((block) => block.includes('{"seq":1000}')).length, 3);
  assert.deepEqual(
    blocks.flatMap((block) => /"number":(\d+)/.exec(block)?.[1] ?? []),
    Array.from({ length: 10 }, (_, at) => `${(at + 1) * 100}`),
  );
});

Deno.test("events: a reader for which too much of presence waits is closed", async () => {
  const { hub, open, presence, slow } = rig();
  const reader = open();
  open();
  for (let number = 1; number <= MAX_WAITING_PRESENCE; number++) presence(number);
  assert.equal(hub.readers, 2);
  presence(MAX_WAITING_PRESENCE + 1);
  assert.equal(hub.readers, 0);
  assert.equal(slow(), 2);
  assert.deepEqual(await taken(reader), ["end"]);
});

Deno.test("events: the bytes that wait for a reader are bounded, one event waits whatever its size", async () => {
  const { hub, open, presence } = rig();
  const reader = open();
  await taken(reader);
  presence(1);
  presence(2, "gate", "x".repeat(2 * MAX_WAITING_BYTES));
  assert.equal(hub.readers, 1);
  presence(3, "gate", "x".repeat(MAX_WAITING_BYTES));
  assert.equal(hub.readers, 0);
});

Deno.test("events: readers are bounded, and one that goes makes room", () => {
  const { hub, open } = rig();
  const readers = Array.from({ length: MAX_EVENT_READERS }, () => open());
  assert.equal(hub.open({ camera: null, lastEventId: null, onSlow: () => undefined }), null);
  readers[0]?.close();
  open();
  assert.equal(hub.readers, MAX_EVENT_READERS);
});

Deno.test("events: an idle reader gets a comment every 15 s", async () => {
  const { clock, open } = rig();
  const reader = open();
  await taken(reader);
  for (let beat = 0; beat < 2 * MAX_STALLED_BEATS; beat++) {
    await clock.pass(HEARTBEAT_MS);
    assert.deepEqual(await taken(reader), [":\n\n"]);
  }
  reader.close();
  assert.deepEqual(clock.waitsMs, []);
});

Deno.test("events: a reader that takes nothing for a minute is closed", async () => {
  const { clock, hub, open, inference, slow } = rig();
  open();
  const reader = open();
  for (let beat = 0; beat < MAX_STALLED_BEATS; beat++) {
    assert.equal(hub.readers, 2);
    inference("gate", beat);
    await taken(reader);
    await clock.pass(HEARTBEAT_MS);
  }
  assert.equal(slow(), 1);
  assert.equal(hub.readers, 1);
});

Deno.test("events: what another thread publishes again is given once", async () => {
  const { open, presence } = rig();
  const reader = open();
  await taken(reader);
  for (const number of [1, 2, 1, 2, 3]) presence(number);
  assert.deepEqual(
    (await taken(reader)).flatMap((block) => /id: 7-(\d+)/.exec(block)?.[1] ?? []),
    ["1", "2", "3"],
  );
});

Deno.test("events: a reader that comes again gets the events of stays that it missed, once", async () => {
  const { clock, hub, open, presence } = rig();
  const first = open();
  hub.presence(started("A"), 1);
  presence(1);
  first.close();
  const startedAtMs = clock.wallMs();
  hub.presence(started("B"), 2);
  hub.presence({ kind: "occupancy", occupancy: occupied("gate", 1) }, 3);
  hub.presence(ended("A"), 4);
  await clock.pass(20_000);
  const again = open(null, "7-1");
  // Their messages are published only now.
  presence(2);
  presence(4);
  presence(5);
  const blocks = await taken(again);
  assert.equal(blocks[0], "retry: 2000\nid: 7-1\n\n");
  const numbers = blocks.flatMap((block) => /id: 7-(\d+)\nevent/.exec(block)?.[1] ?? []);
  assert.deepEqual(numbers, ["2", "4", "5"]);
  const data = JSON.parse((blocks[1] ?? "").split("data: ")[1] ?? "");
  assert.deepEqual([data.schema, data.type, data.id, data.best.jpeg, Date.parse(data.time)], [
    ...["orion.presence/1", "start", "B", null, startedAtMs],
  ]);
  // What was copied comes again as it was.
  const bytes = (await taken(open(null, "7-4"))).length;
  assert.equal(bytes, 1);
  const first4 = await taken(open(null, "7-0"));
  assert.equal(first4[1], 'id: 7-1\nevent: presence\ndata: {"number":1}\n\n');
});

Deno.test("events: an id of another run, or none that is one, is no id", async () => {
  const { hub, open } = rig({ settledUpTo: 1 });
  hub.presence(started("A"), 1);
  for (const id of ["8-0", "7", "7-", "7-x", "-1", "", "7-0\n", "7-1e3", `7-${"9".repeat(30)}`]) {
    assert.deepEqual(await taken(open(null, id)), ["retry: 2000\nid: 7-1\n\n"], id);
  }
});

Deno.test("events: what is kept for readers that come again is bounded", async () => {
  const { hub, open } = rig();
  for (let number = 1; number <= MAX_MISSED + 10; number++) hub.presence(started("A"), number);
  assert.equal((await taken(open(null, "7-0"))).length, 1 + MAX_MISSED);
});

Deno.test("events: a stop ends every reader, and no other comes", async () => {
  const { clock, hub, open, watched } = rig();
  const reader = open();
  await taken(reader);
  const next = reader.take();
  hub.close();
  assert.equal(await next, null);
  assert.equal(hub.open({ camera: null, lastEventId: null, onSlow: () => undefined }), null);
  assert.deepEqual(watched, [true, false]);
  assert.deepEqual(clock.waitsMs, []);
});
