import type { Clock, SteadyMs } from "../../core/clock.ts";
import type { AccessUnit } from "../media.ts";
import type { TrackReceiver } from "./track_receiver.ts";
import { announcedPixels, largest, sentPixels } from "./tracks.ts";

/** How long the others may take to send something, once one has, and to show the size of their pictures. */
const CHOICE_MS = 2500;
/** What is kept of each track until one is chosen, and of all of them together. */
const MAX_KEPT_UNITS = 128;
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

interface Kept {
  readonly units: AccessUnit[];
  keptBytes: number;
  pixels: number | null;
}

/**
 * Chooses between tracks by what they send: the largest of those that do. Until that is known their
 * units are kept, so that none of the chosen track's is missing.
 */
export class TrackChoice {
  #chosen: TrackReceiver | null = null;
  readonly #onChosen: (track: TrackReceiver) => void;
  readonly #tracks: readonly TrackReceiver[];
  readonly #clock: Clock;
  readonly #onUnit: (unit: AccessUnit) => void;
  readonly #kept = new Map<TrackReceiver, Kept>();
  /** What is kept of each track. */
  readonly #keptBytes: number;
  #firstAtMs: SteadyMs | null = null;

  constructor(tracks: readonly TrackReceiver[], parts: {
    readonly clock: Clock;
    readonly onChosen: (track: TrackReceiver) => void;
    readonly onUnit: (unit: AccessUnit) => void;
  }) {
    this.#tracks = tracks;
    this.#clock = parts.clock;
    this.#onChosen = parts.onChosen;
    this.#onUnit = parts.onUnit;
    this.#keptBytes = MAX_KEPT_BYTES / Math.max(1, tracks.length);
    // What is too large to be kept need not be put together.
    for (const track of tracks) track.unitLimitBytes = this.#keptBytes;
    const [only] = tracks;
    if (only !== undefined && tracks.length === 1) this.choose(only);
  }

  /** null while it is not known which of several sends. */
  get chosen(): TrackReceiver | null {
    return this.#chosen;
  }

  /** Takes this track, whatever comes. */
  choose(track: TrackReceiver): void {
    this.#chosen = track;
    track.unitLimitBytes = Infinity;
    this.#onChosen(track);
  }

  /** A unit of any of the tracks came. */
  unit(track: TrackReceiver, unit: AccessUnit): void {
    if (this.#chosen !== null) {
      if (track === this.#chosen) this.#onUnit(unit);
      return;
    }
    this.#keep(track, unit);
    const nowMs = this.#clock.nowMs();
    this.#firstAtMs ??= nowMs;
    if (this.#isKnown || nowMs - this.#firstAtMs >= CHOICE_MS) {
      this.#chooseSeen();
    }
  }

  /** Every track sends, and shows how large its pictures are. */
  get #isKnown(): boolean {
    return this.#kept.size === this.#tracks.length &&
      [...this.#kept.values()].every(({ pixels }) => pixels !== null);
  }

  #keep(track: TrackReceiver, unit: AccessUnit): void {
    let kept = this.#kept.get(track);
    if (kept === undefined) {
      kept = { units: [], keptBytes: 0, pixels: announcedPixels(track) };
      this.#kept.set(track, kept);
    }
    kept.pixels ??= sentPixels(track, unit.data);
    kept.units.push({ ...unit, data: unit.data.slice() });
    kept.keptBytes += unit.data.byteLength;
    while (kept.units.length > MAX_KEPT_UNITS || kept.keptBytes > this.#keptBytes) {
      const oldest = kept.units.shift();
      if (oldest === undefined) return;
      kept.keptBytes -= oldest.data.byteLength;
      free(oldest);
    }
  }

  #chooseSeen(): void {
    const sending = [...this.#kept].map(([track, { pixels, units }]) => ({
      track,
      pixels,
      units,
      receivedBytes: track.receivedBytes,
    }));
    const chosen = largest(sending);
    if (chosen === null) return;
    const kept = [...this.#kept.values()].flatMap(({ units }) => units);
    this.#kept.clear();
    this.choose(chosen.track);
    for (const unit of chosen.units) this.#onUnit(unit);
    for (const unit of kept) free(unit);
  }
}

/** At once, not when garbage is collected: a camera may send much until a track is chosen. */
function free({ data }: AccessUnit): void {
  data.buffer.transfer(0);
}
