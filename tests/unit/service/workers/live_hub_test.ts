import assert from "node:assert/strict";
import { wallMs } from "../../../../src/core/clock.ts";
import type { LivePicture, LiveToCapture } from "../../../../src/core/live_types.ts";
import {
  BOXED_TIMEOUT_MS,
  LiveHub,
  MAX_VIEWERS,
  MAX_VIEWERS_PER_CAMERA,
} from "../../../../src/service/workers/live_hub.ts";
import type { LiveViewer } from "../../../../src/service/workers/live_viewer.ts";
import { HeldClock, settle } from "../../../support/clocks/held_clock.ts";
import { FleetRig } from "../../../support/workers/fleet_rig.ts";
import { FAULT, inferred } from "../../../support/workers/service_parts.ts";

const ZONE = {
  id: "door",
  classes: null,
  polygon: [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 1, y: 1 }],
};
const LINE = { id: "gate", from: { x: 0, y: 0.5 }, to: { x: 1, y: 0.5 } };
const NOTHING = { boxes: [], zones: [ZONE.polygon], lines: [{ from: LINE.from, to: LINE.to }] };

function picture(
  seq: number,
  { boxed = false, detector = "person" }: { boxed?: boolean; detector?: string | null } = {},
): LivePicture {
  const bytes = Uint8Array.of(seq).buffer;
  return { seq, capturedAtMs: wallMs(seq), width: 4, height: 2, detector, boxed, bytes };
}

/** A hub of the cameras `gate` and `yard`. */
class Rig {
  readonly clock = new HeldClock();
  readonly posted: (readonly [string, LiveToCapture])[] = [];
  isDetecting = true;
  readonly hub = new LiveHub({
    cameras: ["gate", "yard"],
    post: (camera, message) => this.posted.push([camera, message]),
    scene: () => ({ zones: [ZONE], lines: [LINE] }),
    isDetecting: () => this.isDetecting,
    clock: this.clock,
  });

  watch(boxed = false, camera = "gate"): LiveViewer {
    return this.hub.watch(camera, boxed) ?? assert.fail(`camera ${camera} is unknown`);
  }

  /** What was posted since the last call, in short. */
  demands(): string[] {
    return this.posted.splice(0).map(([camera, message]) => {
      if (message.kind === "draw") {
        return `${camera} draw ${message.draw.detector} ${message.draw.seq}`;
      }
      const { plain, boxed } = message.demand;
      return `${camera} ${[plain ? "plain" : "", boxed ? "boxed" : ""].join("")}`.trim();
    });
  }
}

/** The number of a viewer's next picture; `end` once it is closed. */
async function next(viewer: LiveViewer): Promise<number | "end"> {
  return (await viewer.next())?.seq ?? "end";
}

Deno.test("live hub: a camera encodes from its first viewer to its last, for each kind", () => {
  const rig = new Rig();
  const first = rig.watch();
  const second = rig.watch();
  assert.deepEqual(rig.demands(), ["gate plain"]);
  const boxed = rig.watch(true);
  assert.deepEqual(rig.demands(), ["gate plainboxed"]);
  assert.deepEqual(rig.hub.figures("gate"), { viewers: 3, pictures: 0 });
  first.close();
  first.close();
  assert.deepEqual(rig.demands(), []);
  second.close();
  assert.deepEqual(rig.demands(), ["gate boxed"]);
  boxed.close();
  assert.deepEqual(rig.demands(), ["gate"]);
  assert.deepEqual(rig.hub.figures("gate"), { viewers: 0, pictures: 0 });
  assert.deepEqual(rig.hub.figures("yard"), { viewers: 0, pictures: 0 });
  assert.equal(rig.hub.watch("shed", false), null);
});

Deno.test("live hub: each viewer gets the newest picture, and none twice", async () => {
  const { hub, ...rig } = new Rig();
  const fast = hub.watch("gate", false) ?? assert.fail();
  const slow = hub.watch("gate", false) ?? assert.fail();
  const first = next(fast);
  hub.picture("gate", picture(1));
  assert.equal(await first, 1);
  hub.picture("gate", picture(2));
  assert.equal(await next(fast), 2);
  hub.picture("gate", picture(3));
  hub.picture("yard", picture(9));
  assert.deepEqual([await next(fast), await next(slow)], [3, 3], "it was replaced, not queued");
  const late = hub.watch("gate", false) ?? assert.fail();
  assert.equal(await next(late), 3, "there is one already");
  const waiting = next(slow);
  hub.picture("gate", picture(4));
  assert.equal(await waiting, 4);
  assert.equal(hub.figures("gate").pictures, 4);
  assert.deepEqual(rig.posted.length, 1);
});

Deno.test("live hub: no picture of an earlier time is left once the last viewer is gone", async () => {
  const rig = new Rig();
  const viewer = rig.watch();
  rig.hub.picture("gate", picture(1));
  viewer.close();
  assert.equal(await next(viewer), "end");
  // On its way when the last viewer left.
  rig.hub.picture("gate", picture(2));
  const later = next(rig.watch());
  rig.hub.picture("gate", picture(3));
  assert.equal(await later, 3);
});

Deno.test("live hub: a result has exactly its frame drawn, for those who want that", async () => {
  const rig = new Rig();
  const plain = rig.watch();
  const box = { x: 1, y: 2, width: 3, height: 4 };
  const { note } = inferred(7, { detections: [{ class: "person", confidence: 0.9, box }] });
  rig.hub.inferred(note);
  assert.deepEqual(rig.demands(), ["gate plain"]);
  const boxed = rig.watch(true);
  rig.hub.inferred(note);
  const [, posted] = rig.posted.pop() ?? assert.fail();
  assert.deepEqual(posted, {
    kind: "draw",
    draw: { detector: note.detector, seq: 7, drawing: { ...NOTHING, boxes: [box] } },
  });
  rig.hub.picture("gate", picture(7));
  rig.hub.picture("gate", picture(6, { boxed: true }));
  assert.deepEqual([await next(plain), await next(boxed)], [7, 6]);
});

Deno.test("live hub: a frame that no detector gets is drawn at once, with zones and lines alone", async () => {
  const rig = new Rig();
  const viewer = rig.watch(true);
  const seen = next(viewer);
  rig.hub.picture("gate", picture(5, { detector: null }));
  assert.deepEqual(rig.posted.at(-1), [
    "gate",
    { kind: "draw", draw: { detector: null, seq: 5, drawing: NOTHING } },
  ]);
  rig.hub.picture("gate", picture(5, { detector: null, boxed: true }));
  assert.equal(await seen, 5);
});

Deno.test("live hub: viewers are bounded, of each camera and in all", () => {
  const rig = new Rig();
  const viewers = Array.from({ length: MAX_VIEWERS_PER_CAMERA }, () => rig.watch());
  assert.throws(() => rig.watch(true), { code: "STREAM_BUSY" });
  while (viewers.length < MAX_VIEWERS) viewers.push(rig.watch(false, "yard"));
  viewers[0]?.close();
  viewers.push(rig.watch());
  assert.throws(() => rig.watch(), { code: "STREAM_BUSY" });
  for (const viewer of viewers) viewer.close();
  assert.deepEqual(rig.demands().slice(-2), ["yard", "gate"]);
  rig.watch();
});

Deno.test("live hub: the end of the service ends every viewer, and nothing is encoded any more", async () => {
  const rig = new Rig();
  const ends = [next(rig.watch()), next(rig.watch(true, "yard"))];
  rig.hub.close();
  assert.deepEqual(await Promise.all(ends), ["end", "end"]);
  assert.deepEqual(rig.demands(), ["gate plain", "yard boxed", "gate", "yard"]);
  assert.throws(() => rig.watch(), { code: "STREAM_BUSY" });
});

Deno.test("live hub: one picture with boxes is of the next frame that a detector gets", async () => {
  const rig = new Rig();
  const other = rig.watch(true);
  rig.hub.picture("gate", picture(1, { boxed: true }));
  const asked = rig.hub.boxedPicture("gate");
  rig.hub.picture("gate", picture(2, { boxed: true, detector: null }));
  await settle();
  rig.hub.picture("gate", picture(3, { boxed: true }));
  assert.deepEqual(new Uint8Array(await asked ?? assert.fail()), Uint8Array.of(3));
  rig.isDetecting = false;
  const paused = rig.hub.boxedPicture("gate");
  rig.hub.picture("gate", picture(4, { boxed: true, detector: null }));
  assert.deepEqual(new Uint8Array(await paused ?? assert.fail()), Uint8Array.of(4));
  assert.equal(rig.hub.figures("gate").viewers, 1);
  assert.equal(await rig.hub.boxedPicture("shed"), null);
  other.close();
});

Deno.test("live hub: without a picture with boxes in time there is one without, or a clear error", async () => {
  const rig = new Rig();
  const missing = assert.rejects(rig.hub.boxedPicture("gate"), { code: "STREAM_NO_PICTURE" });
  await rig.clock.pass(BOXED_TIMEOUT_MS);
  await missing;
  const asked = rig.hub.boxedPicture("gate");
  rig.hub.picture("gate", picture(8, { boxed: true, detector: null }));
  await rig.clock.pass(BOXED_TIMEOUT_MS);
  assert.deepEqual(new Uint8Array(await asked ?? assert.fail()), Uint8Array.of(8));
  assert.deepEqual(rig.clock.waitsMs, []);
  assert.equal(rig.demands().at(-1), "gate");
});

Deno.test("fleet: a new thread of a camera gets the demand for live pictures, and its pictures arrive", async () => {
  using rig = new FleetRig();
  await rig.start();
  const { live, cameras } = rig.fleet;
  const thread = () => rig.captures.newest("capture-gate");
  const viewer = live.watch("gate", true) ?? assert.fail();
  assert.deepEqual(thread().of("live").map(({ demand }) => demand), [{
    plain: false,
    boxed: true,
  }]);
  rig.inferences.newest("person-0").emit(inferred(41));
  assert.deepEqual(thread().of("draw").map(({ draw }) => draw.seq), [41]);
  thread().emit({ kind: "live", picture: picture(41, { boxed: true }) });
  assert.equal(await next(viewer), 41);
  thread().fail(FAULT);
  cameras.get("gate")?.abandon();
  live.inferred(inferred(42).note);
  cameras.get("gate")?.start();
  assert.deepEqual(thread().of("live").map(({ demand }) => demand), [{
    plain: false,
    boxed: true,
  }]);
  thread().emit({ kind: "live", picture: picture(50, { boxed: true }) });
  assert.equal(await next(viewer), 50);
  rig.online("gate");
  const asked = rig.fleet.snapshot("gate", true);
  thread().emit({ kind: "live", picture: picture(51, { boxed: true }) });
  assert.deepEqual(new Uint8Array(await asked), Uint8Array.of(51));
  viewer.close();
  assert.deepEqual(thread().of("live").at(-1)?.demand, { plain: false, boxed: false });
  assert.deepEqual(rig.captures.newest("capture-yard").of("live"), []);
});
