/** Packetizes the pictures of one track, with losses and reordering. */
import type { AccessUnit } from "../rtp_h264.ts";
import { aggregate, type CameraClip, isParameterSet, payloadsOf } from "./clip.ts";
import type { Outgoing } from "./media_path.ts";
import type { Packets } from "./options.ts";
import { rtpPacket } from "./rtp.ts";

/** The payload of packets of another SSRC. */
const STRANGE_PAYLOAD = new Uint8Array(64).fill(0x41);

const NO_PAYLOAD = new Uint8Array(0);

/** How SSRC and sequence number change with a restart of the encoder. */
const RESTART_BITS = 0x01010101;
const RESTART_STEP = 20_000;

/** A packetized picture. */
export interface PacketizedPicture {
  readonly outgoing: readonly Outgoing[];
  /** RTP packets of the picture, without dropped ones. */
  readonly packets: number;
  readonly dropped: number;
}

interface Piece {
  readonly payload: Uint8Array;
  readonly endsSlice: boolean;
}

/** Numbers the packets of one track for one client. */
export class Packetizer {
  /** Counts for sender reports. */
  packetCount = 0;
  byteCount = 0;
  readonly #codec: CameraClip["codec"];
  readonly #payloadType: number;
  readonly #faults: Packets;
  readonly #isUdp: boolean;
  #sequence: number;
  #ssrc: number;
  #counter = 0;
  #held: Outgoing | null = null;

  constructor(options: {
    readonly codec: CameraClip["codec"];
    readonly payloadType: number;
    readonly ssrc: number;
    readonly isUdp: boolean;
    readonly faults: Packets;
  }) {
    this.#ssrc = options.ssrc;
    this.#codec = options.codec;
    this.#payloadType = options.payloadType;
    this.#isUdp = options.isUdp;
    this.#faults = options.faults;
    this.#sequence = options.faults.startSequence;
  }

  /** The SSRC of packets. */
  get ssrc(): number {
    return this.#ssrc;
  }

  /** The sequence number of the next packet. */
  get sequence(): number {
    return this.#sequence & 0xffff;
  }

  /** Restarts: another SSRC and sequence number, counts from 0. */
  restart(): void {
    this.#ssrc ^= RESTART_BITS;
    this.#sequence = (this.#sequence + RESTART_STEP) & 0xffff;
    this.packetCount = 0;
    this.byteCount = 0;
  }

  picture(picture: AccessUnit, timestamp: number): PacketizedPicture {
    const { marker, dropEvery, emptyEvery } = this.#faults;
    const outgoing: Outgoing[] = [];
    const pieces = this.#pieces(picture);
    let dropped = 0;
    pieces.forEach(({ payload, endsSlice }, index) => {
      const isLast = index === pieces.length - 1;
      const isMarked = marker === "every-packet" || (marker === "right" && isLast) ||
        (marker === "every-slice" && endsSlice);
      this.#counter++;
      if (hits(this.#counter, emptyEvery)) {
        const bytes = this.packet(NO_PAYLOAD, timestamp, false);
        outgoing.push({ kind: "rtp", bytes });
      }
      const bytes = this.packet(payload, timestamp, isMarked);
      if (hits(this.#counter, dropEvery)) dropped++;
      else this.#emit({ kind: "rtp", bytes }, timestamp, outgoing);
    });
    return { outgoing, packets: pieces.length - dropped, dropped };
  }

  /** A packet with the next sequence number. */
  packet(payload: Uint8Array, timestamp: number, isMarked: boolean): Uint8Array<ArrayBuffer> {
    const sequence = this.#sequence++;
    this.packetCount++;
    this.byteCount += payload.length;
    const plan = { payload, sequence, timestamp, isMarked };
    return rtpPacket({ ...plan, payloadType: this.#payloadType, ssrc: this.ssrc }, this.#faults);
  }

  #pieces({ units }: AccessUnit): Piece[] {
    const { hasInBandSets, aggregatesSets, payloadBytes } = this.#faults;
    const sets = units.filter((unit) => isParameterSet(this.#codec, unit));
    const rest = aggregatesSets || !hasInBandSets
      ? units.filter((unit) => !sets.includes(unit))
      : units;
    const pieces = rest.flatMap((unit) => {
      const parts = payloadsOf(this.#codec, unit, payloadBytes);
      return parts.map((payload, part) => ({ payload, endsSlice: part === parts.length - 1 }));
    });
    if (!aggregatesSets || !hasInBandSets || sets.length === 0) return pieces;
    return [{ payload: aggregate(this.#codec, sets), endsSlice: false }, ...pieces];
  }

  #emit(packet: Outgoing, timestamp: number, outgoing: Outgoing[]): void {
    const { strangeSsrcEvery, strangePortEvery, duplicateEvery, reorderEvery } = this.#faults;
    const forge = (ssrc: number) =>
      rtpPacket({
        ...{ payload: STRANGE_PAYLOAD, payloadType: this.#payloadType, timestamp, ssrc },
        ...{ sequence: this.#sequence - 1, isMarked: true },
      }, this.#faults);
    if (hits(this.#counter, strangeSsrcEvery)) {
      outgoing.push({ kind: "rtp", bytes: forge(this.ssrc ^ 0x5555) });
    }
    if (this.#isUdp && hits(this.#counter, strangePortEvery)) {
      outgoing.push({ kind: "forged", bytes: forge(this.ssrc) });
    }
    if (this.#isUdp && this.#held === null && hits(this.#counter, reorderEvery)) {
      this.#held = packet;
      return;
    }
    outgoing.push(packet);
    if (this.#isUdp && hits(this.#counter, duplicateEvery)) outgoing.push(packet);
    if (this.#held !== null) outgoing.push(this.#held);
    this.#held = null;
  }
}

function hits(counter: number, every: number): boolean {
  return every > 0 && counter % every === 0;
}
