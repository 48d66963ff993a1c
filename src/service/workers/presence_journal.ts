import type {
  NumberedEvent,
  Occupancy,
  PresenceEvent,
  PresencePlan,
  PresenceResume,
  Stay,
  StayPicture,
  Zone,
} from "../../core/presence_types.ts";
import { MAX_WAITING_EVENTS, WHOLE_PICTURE } from "../../core/presence_types.ts";
import { MAX_STAYS, type StayAccount, type StaySource } from "../../health/presence_view.ts";
import { StayLedger } from "./stay_ledger.ts";
import { StayPictures } from "./stay_pictures.ts";

/**
 * What the publisher's threads have reported of presence: what the next thread needs to continue, the
 * ledger, and the newest stays with their pictures.
 */
export class PresenceJournal implements StaySource {
  /** The open stays, as of now and as first counted; the tracks of a camera are bounded, and so are they. */
  readonly #open = new Map<string, { readonly stay: Stay; readonly counted: Stay }>();
  /** Open and ended stays, in the order of their first event. */
  readonly #stays = new Map<string, Stay>();
  /** Events that are not settled, by number; beyond a bound the oldest are forgotten, starts and ends last. */
  readonly #unsettled = new Map<number, PresenceEvent>();
  /** The newest occupancy by camera and zone. */
  readonly #occupancy = new Map<string, Map<string, Occupancy>>();
  readonly #ledger = new StayLedger();
  readonly #pictures: StayPictures;
  #lastNumber = 0;

  constructor(pictures = new StayPictures()) {
    this.#pictures = pictures;
  }

  /** Records an event before its message is published. */
  observe({ number, event }: NumberedEvent): void {
    this.#lastNumber = Math.max(this.#lastNumber, number);
    this.#unsettled.set(number, event);
    if (this.#unsettled.size > MAX_WAITING_EVENTS) this.#forgetEvent();
    switch (event.kind) {
      case "start":
      case "update":
        return this.#opened(event.stay);
      case "end":
        return this.#ended(event.stay);
      case "occupancy":
        return this.#occupied(event.occupancy);
      case "crossing":
        return;
    }
  }

  /** The message of that event was acknowledged, or discarded for good. */
  settled(number: number): void {
    this.#unsettled.delete(number);
  }

  /** Keeps where the open stays are now, which no event has said. */
  openStays(stays: readonly Stay[]): void {
    for (const stay of stays) {
      const open = this.#open.get(stay.id);
      if (open === undefined) continue;
      this.#open.set(stay.id, { ...open, stay });
      this.#stays.set(stay.id, stay);
    }
  }

  /** All events up to this number are settled. */
  get settledUpTo(): number {
    for (const number of this.#unsettled.keys()) return number - 1;
    return this.#lastNumber;
  }

  /** What the next thread needs to continue. */
  resume(): PresenceResume {
    return {
      stays: [...this.#open.values()].map(({ stay }) => stay),
      unpublished: [...this.#unsettled].map(([number, event]) => ({ number, event })),
      lastNumber: this.#lastNumber,
    };
  }

  /** Keeps a copy of a stay's JPEG. */
  addPicture({ stay, bytes }: StayPicture): void {
    if (bytes !== null && this.#stays.has(stay)) this.#pictures.set(stay, bytes.slice(0));
  }

  /** A camera has other zones: forgets the occupancy of all others. */
  zonesChanged(camera: string, zones: readonly Zone[]): void {
    const known = this.#occupancy.get(camera);
    if (known === undefined) return;
    for (const zone of known.keys()) {
      if (!isZone(zone, zones)) known.delete(zone);
    }
  }

  /** Another plan is in force, and the stays of what it does not have have ended: forgets their figures. */
  retain({ detectors }: PresencePlan): void {
    const isKept = (camera: string, detector: string | null) =>
      detectors.some((each) =>
        (detector === null || each.detector === detector) && each.cameras.includes(camera)
      );
    this.#ledger.retain(({ camera, detector }) => isKept(camera, detector));
    for (const camera of this.#occupancy.keys()) {
      if (!isKept(camera, null)) this.#occupancy.delete(camera);
    }
  }

  /** The newest occupancy of the whole picture and of these zones, where there is one. */
  occupancy(camera: string, zones: readonly Zone[]): Occupancy[] {
    const known = this.#occupancy.get(camera);
    // One of a zone that is gone may have been under way.
    return [...known?.values() ?? []].filter(({ zone }) => isZone(zone, zones));
  }

  /** The ledger of a camera. */
  accounts(camera: string): StayAccount[] {
    return this.#ledger.accounts(camera);
  }

  stays(limit: number): Stay[] {
    // Ids sort by time; one that an earlier run left open is older than its place here.
    return [...this.#stays.values()].sort((a, b) => a.id < b.id ? 1 : -1).slice(0, limit);
  }

  picture(stay: string): ArrayBuffer | null {
    return this.#pictures.get(stay);
  }

  #opened(stay: Stay): void {
    const open = this.#open.get(stay.id);
    if (open === undefined) {
      // What has ended stays ended.
      if (this.#stays.has(stay.id)) return;
      this.#ledger.started(stay);
    }
    this.#open.set(stay.id, { stay, counted: open?.counted ?? stay });
    this.#keep(stay);
  }

  #ended(stay: Stay): void {
    const open = this.#open.get(stay.id);
    if (open === undefined) {
      if (this.#stays.has(stay.id)) return;
      // An earlier run of the process left it open.
      this.#ledger.started(stay);
    }
    this.#open.delete(stay.id);
    this.#ledger.ended(open?.counted ?? stay, stay.reason ?? "left");
    this.#keep(stay);
  }

  #keep(stay: Stay): void {
    this.#stays.set(stay.id, stay);
    if (this.#stays.size <= MAX_STAYS) return;
    for (const id of this.#stays.keys()) {
      if (this.#open.has(id)) continue;
      this.#stays.delete(id);
      return this.#pictures.delete(id);
    }
  }

  #occupied(occupancy: Occupancy): void {
    const { camera, zone } = occupancy;
    const known = this.#occupancy.get(camera) ?? new Map<string, Occupancy>();
    this.#occupancy.set(camera, known.set(zone, occupancy));
  }

  #forgetEvent(): void {
    let oldest: number | null = null;
    for (const [number, { kind }] of this.#unsettled) {
      oldest ??= number;
      if (kind === "start" || kind === "end") continue;
      oldest = number;
      break;
    }
    if (oldest !== null) this.#unsettled.delete(oldest);
  }
}

function isZone(id: string, zones: readonly Zone[]): boolean {
  return id === WHOLE_PICTURE || zones.some((zone) => zone.id === id);
}
