import type { UndecodedReason } from "../core/accounts.ts";
import type { DecodeSetting } from "../core/messages.ts";

/** What to do with a packet. `unusable`: no keyframe came yet, so the decoder could only guess. */
export type PacketFate =
  | { readonly kind: "decode" }
  | { readonly kind: "skip"; readonly reason: UndecodedReason }
  | { readonly kind: "unusable" };

const DECODE: PacketFate = { kind: "decode" };
const UNUSABLE: PacketFate = { kind: "unusable" };
const SKIP: Readonly<Record<UndecodedReason, PacketFate>> = {
  unwanted: { kind: "skip", reason: "unwanted" },
  keyframes: { kind: "skip", reason: "keyframes" },
  nonref: { kind: "skip", reason: "nonref" },
  asleep: { kind: "skip", reason: "asleep" },
};

/**
 * Decides for each packet whether it is worth decoding.
 *
 * A decoder that left packets out can only go on with a keyframe: everything before it is left out
 * too, as `asleep` when leaving out was our choice, as unusable when the stream began in its middle.
 */
export class DecodeGate {
  readonly #setting: DecodeSetting;
  #state: "start" | "awake" | "asleep" = "start";

  constructor(setting: DecodeSetting) {
    this.#setting = setting;
  }

  /**
   * @param packet.isKey   the packet starts a group of pictures
   * @param packet.wanted  some detector would take the picture
   */
  decide(packet: { isKey: boolean; wanted: boolean }): PacketFate {
    if (!packet.wanted) {
      if (this.#state === "awake") this.#state = "asleep";
      return SKIP.unwanted;
    }
    if (packet.isKey) {
      this.#state = "awake";
      return DECODE;
    }
    if (this.#setting === "keyframes") return SKIP.keyframes;
    if (this.#state === "start") return UNUSABLE;
    if (this.#state === "asleep") return SKIP.asleep;
    return DECODE;
  }
}
