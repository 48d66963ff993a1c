import type { CameraState } from "../../../src/core/camera_types.ts";
import { epochMs, plusMs } from "../../../src/core/clock.ts";
import type { Detection, InferenceResult } from "../../../src/core/detector_types.ts";
import type { BoxPx, SizePx } from "../../../src/core/geometry.ts";
import type {
  Crossing,
  KeepRequest,
  Placement,
  PresencePlan,
  PresenceSettings,
  Stay,
} from "../../../src/core/presence_types.ts";
import { Presence } from "../../../src/presence/presence.ts";
import { seeded } from "../cameras/rtp/packets.ts";
import { HeldClock } from "../clocks/held_clock.ts";
import { inferenceResult } from "../workers/publisher_worker.ts";
import { StayLedger } from "./ledger.ts";

export const SIZE = { width: 1280, height: 720 };

/** Random bytes are asked for so often at most. */
const CALLS_MAX = 10_000;

export const SETTINGS: PresenceSettings = {
  start: { frames: 2, of: 3 },
  endSeconds: 5,
  updateSeconds: 0,
  snapshot: "none",
};

/** The plan of one detector, `person`, on one camera, `gate`. */
export function plan(
  { settings = {}, zones = [], lines = [] }: {
    readonly settings?: Partial<PresenceSettings>;
    readonly zones?: PresencePlan["scenes"][number]["zones"];
    readonly lines?: PresencePlan["scenes"][number]["lines"];
  } = {},
): PresencePlan {
  return {
    detectors: [{ detector: "person", cameras: ["gate"], settings: { ...SETTINGS, ...settings } }],
    scenes: [{ camera: "gate", zones, lines }],
  };
}

/** A box of a person who stands at a point. */
export function standing(x: number, y: number, height = 200): BoxPx {
  return { x: x - 0.2 * height, y: y - height, width: 0.4 * height, height };
}

export function person(box: BoxPx, confidence = 0.8): Detection {
  return { class: "person", confidence, box };
}

/** What is seen in one frame. */
export interface Sight {
  readonly detections?: readonly Detection[];
  readonly weak?: readonly Detection[];
  readonly detector?: string;
  readonly camera?: string;
  /** Of the picture. */
  readonly size?: SizePx;
  /** How long ago it arrived. */
  readonly agoMs?: number;
}

/** Bytes that no other call gives, nor one of another `seed`; the same in every run. */
export function countedBytes(seed = 0): (count: number) => Uint8Array {
  let calls = 0;
  return (count) => {
    const next = seeded(CALLS_MAX * seed + ++calls);
    return Uint8Array.from({ length: count }, () => 256 * next());
  };
}

/** Presence on a clock that the test moves, with the ledger of its events. */
export class PresenceRig {
  readonly clock: HeldClock;
  readonly ledger: StayLedger;
  readonly keeps: KeepRequest[] = [];
  readonly presence: Presence;
  #seq: number;

  constructor(
    of: PresencePlan = plan(),
    { clock = new HeldClock(), ledger = new StayLedger(), resume = [], firstSeq = 0 }: {
      readonly clock?: HeldClock;
      readonly ledger?: StayLedger;
      readonly resume?: readonly Stay[];
      readonly firstSeq?: number;
    } = {},
  ) {
    this.#seq = firstSeq;
    this.clock = clock;
    this.ledger = ledger;
    this.presence = new Presence(of, {
      clock,
      randomBytes: countedBytes(firstSeq),
      onEvent: (event) => {
        ledger.add(event);
        // What is open is as of each event.
        ledger.assertBalances(this.presence.open);
      },
      onBetter: (keep) => this.keeps.push(keep),
    });
    this.presence.resume(resume);
    this.presence.start();
  }

  /** The next thread, as main starts it: with a steady clock of its own, and the open stays. */
  replaced(of: PresencePlan = plan(), open: readonly Stay[] = this.ledger.open): PresenceRig {
    const clock = new HeldClock(1000);
    clock.stepWall(epochMs(this.clock.wallMs()) - epochMs(clock.wallMs()));
    const resume = structuredClone(open);
    return new PresenceRig(of, { clock, ledger: this.ledger, resume, firstSeq: this.#seq });
  }

  /** Gives presence the detections of a frame. */
  see(sight: Sight = {}): readonly Placement[] | null {
    const seq = this.#seq++;
    const placements = this.presence.observe(this.#result(seq, sight), this.#arrivedAt(sight));
    this.ledger.assertBalances(this.presence.open);
    return placements;
  }

  /** Sees the same in several frames, with a time before each. */
  async seeFor(frames: number, everyMs: number, sight: Sight = {}): Promise<void> {
    for (let frame = 0; frame < frames; frame++) {
      await this.pass(everyMs);
      this.see(sight);
    }
  }

  async pass(ms: number): Promise<void> {
    await this.clock.pass(ms);
    this.ledger.assertBalances(this.presence.open);
  }

  state(state: CameraState, camera = "gate"): void {
    const sinceMs = this.clock.wallMs();
    this.presence.camera({ camera, state, sinceMs, reason: null, reconnects: 0 });
  }

  /** The camera has sent nothing for a while; null: it sends again. */
  silence(forMs: number | null, camera = "gate"): void {
    this.presence.silence(camera, forMs === null ? null : plusMs(this.clock.nowMs(), -forMs));
  }

  get crossings(): readonly Crossing[] {
    return this.ledger.events.flatMap((event) => event.kind === "crossing" ? [event.crossing] : []);
  }

  /** The ends so far, as `reason`. */
  get reasons(): readonly (string | null)[] {
    return this.ledger.of("end").map(({ reason }) => reason);
  }

  #result(seq: number, sight: Sight): InferenceResult {
    const { detections = [], weak = [], detector = "person", camera = "gate" } = sight;
    const { size = SIZE, agoMs = 0 } = sight;
    const result = inferenceResult(seq, { camera, detector });
    const capturedAtMs = plusMs(this.clock.wallMs(), -agoMs);
    return {
      ...{ ...result, detections, weak },
      meta: { ...result.meta, size, capturedAtMs, roi: null },
    };
  }

  #arrivedAt({ agoMs = 0 }: Sight) {
    return plusMs(this.clock.nowMs(), -agoMs);
  }
}
