import type { Clock, SteadyMs } from "../../core/clock.ts";
import type { AccessUnit } from "../media.ts";
import type { TrackReceiver } from "./track_receiver.ts";
import { announcedPixels, largestTrack, sentPixels } from "./tracks.ts";

/** After the first unit, how long to wait for units of the other tracks and for their picture sizes. */
const SELECTION_MS = 2500;
/** Until a track is selected: units buffered of each track, and bytes of all tracks. */
const MAX_BUFFERED_UNITS = 128;
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

interface TrackBuffer {
  readonly units: AccessUnit[];
  sizeBytes: number;
  pixels: number | null;
}

export interface TrackSelectorOptions {
  readonly clock: Clock;
  readonly onTrackSelected: (track: TrackReceiver) => void;
  readonly onUnit: (unit: AccessUnit) => void;
}

/**
 * Selects the track with the largest pictures among those that send. Buffers the units of all tracks
 * until then, so that the selected track loses none.
 */
export class TrackSelector {
  #selected: TrackReceiver | null = null;
  readonly #options: TrackSelectorOptions;
  readonly #tracks: readonly TrackReceiver[];
  readonly #buffers = new Map<TrackReceiver, TrackBuffer>();
  /** The limit of each track's buffer. */
  readonly #maxBytes: number;
  #firstUnitAt: SteadyMs | null = null;

  constructor(tracks: readonly TrackReceiver[], options: TrackSelectorOptions) {
    this.#tracks = tracks;
    this.#options = options;
    this.#maxBytes = MAX_BUFFERED_BYTES / Math.max(1, tracks.length);
    // Units that are too large to buffer need not be assembled.
    for (const track of tracks) track.unitLimitBytes = this.#maxBytes;
    const [only] = tracks;
    if (only !== undefined && tracks.length === 1) this.select(only);
  }

  /** null while it is not known which of several sends. */
  get selected(): TrackReceiver | null {
    return this.#selected;
  }

  /** Selects a track unconditionally. */
  select(track: TrackReceiver): void {
    this.#selected = track;
    track.unitLimitBytes = Infinity;
    this.#options.onTrackSelected(track);
  }

  /** Passes on a unit of the selected track; buffers units of all tracks before. */
  unit(track: TrackReceiver, unit: AccessUnit): void {
    if (this.#selected !== null) {
      if (track === this.#selected) this.#options.onUnit(unit);
      return;
    }
    this.#buffer(track, unit);
    const now = this.#options.clock.nowMs();
    this.#firstUnitAt ??= now;
    if (this.#isComplete || now - this.#firstUnitAt >= SELECTION_MS) this.#selectLargest();
  }

  /** Every track sends, and the size of its pictures is known. */
  get #isComplete(): boolean {
    return this.#buffers.size === this.#tracks.length &&
      [...this.#buffers.values()].every(({ pixels }) => pixels !== null);
  }

  #buffer(track: TrackReceiver, unit: AccessUnit): void {
    let buffer = this.#buffers.get(track);
    if (buffer === undefined) {
      buffer = { units: [], sizeBytes: 0, pixels: announcedPixels(track) };
      this.#buffers.set(track, buffer);
    }
    buffer.pixels ??= sentPixels(track, unit.data);
    buffer.units.push({ ...unit, data: unit.data.slice() });
    buffer.sizeBytes += unit.data.byteLength;
    while (buffer.units.length > MAX_BUFFERED_UNITS || buffer.sizeBytes > this.#maxBytes) {
      const oldest = buffer.units.shift();
      if (oldest === undefined) return;
      buffer.sizeBytes -= oldest.data.byteLength;
      free(oldest);
    }
  }

  #selectLargest(): void {
    const sending = [...this.#buffers].map(([track, { pixels, units }]) => ({
      track,
      pixels,
      units,
      receivedBytes: track.receivedBytes,
    }));
    const largest = largestTrack(sending);
    if (largest === null) return;
    const buffered = [...this.#buffers.values()].flatMap(({ units }) => units);
    this.#buffers.clear();
    this.select(largest.track);
    for (const unit of largest.units) this.#options.onUnit(unit);
    for (const unit of buffered) free(unit);
  }
}

/** Frees memory at once instead of at the next garbage collection: a camera may send much by then. */
function free({ data }: AccessUnit): void {
  data.buffer.transfer(0);
}
