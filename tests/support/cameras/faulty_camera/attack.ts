/** Endless data, or headers that announce it: as bytes to be sent repeatedly. */
import { middleFragment } from "./clip.ts";
import type { Attack } from "./options.ts";
import type { Packetizer } from "./packetize.ts";
import { interleaved } from "./rtp.ts";

const CHUNK_BYTES = 64 * 1024;
const FRAGMENT_BYTES = 1200;
const FRAGMENTS_PER_CHUNK = 50;

/** An endless response: its beginning, and what is repeated after it. */
export interface AnswerAttack {
  readonly head: string;
  /** Empty: nothing follows. */
  readonly repeated: string;
}

/** The response to DESCRIBE; null for an attack on the stream. */
export function answerAttack(attack: Attack, cseq: string): AnswerAttack | null {
  const head = `RTSP/1.0 200 OK\r\nCSeq: ${cseq}\r\n`;
  const body = `${head}Content-Type: application/sdp\r\nContent-Length: `;
  switch (attack) {
    case "endless-status-line":
      return { head: "RTSP/1.0 200 ", repeated: fill("very ") };
    case "endless-header":
      return { head, repeated: fill("X-Vendor-Extension: 0123456789abcdef\r\n") };
    case "endless-body":
      return { head: `${body}2000000000\r\n\r\nv=0\r\n`, repeated: fill("a=x-vendor:1\r\n") };
    case "huge-content-length":
      return { head: `${body}99999999999999999999\r\n\r\nv=0\r\n`, repeated: "" };
    case "negative-content-length":
      return { head: `${body}-1\r\n\r\nv=0\r\n`, repeated: "" };
    default:
      return null;
  }
}

/** The bytes sent repeatedly instead of pictures; null for an attack on DESCRIBE. */
export function streamAttack(
  attack: Attack,
  packetizer: Packetizer,
  channel: number,
): (() => Uint8Array) | null {
  switch (attack) {
    case "garbage-frames": {
      const frame = interleaved(channel, new Uint8Array(0xffff).fill(0xa5));
      return () => frame;
    }
    case "endless-fragments":
      return () => {
        const chunk: number[] = [];
        for (let count = 0; count < FRAGMENTS_PER_CHUNK; count++) {
          const packet = packetizer.packet(middleFragment(FRAGMENT_BYTES), 1, false);
          chunk.push(...interleaved(channel, packet));
        }
        return Uint8Array.from(chunk);
      };
    case "endless-junk": {
      const junk = new Uint8Array(CHUNK_BYTES).fill(0x0a);
      return () => junk;
    }
    default:
      return null;
  }
}

function fill(text: string): string {
  return text.repeat(Math.ceil(CHUNK_BYTES / text.length));
}
