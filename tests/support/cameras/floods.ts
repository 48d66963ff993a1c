/** Endless data of cameras, as chunks of bytes. */
import { h264Fragments } from "./rtp/h26x.ts";
import { H264_PPS, h264Slice, h264Sps } from "./rtp/nals.ts";
import { joined, noise, packetBytes } from "./rtp/packets.ts";
import { type RawClip, senderReport } from "./rtp_h264.ts";

const MIB = 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
const PAYLOAD_BYTES = 1400;
/** Nearly the longest interleaved packet. */
const LONG_PAYLOAD_BYTES = 60_000;
/** Just below the size limit of a unit, and above it. */
const LARGE_UNIT_BYTES = 8 * MIB - 64 * 1024;
const TOO_LARGE_UNIT_BYTES = 12 * MIB;
/** Just below the longest fragmented NAL unit that is split at start codes. */
const UNPACKED_BYTES = 2 * MIB - 64 * 1024;
/** Below the buffer limit of each of four tracks until one is selected. */
const KEPT_UNIT_BYTES = 900 * 1024;
const SMALL_UNIT_BYTES = 30;
const UNITS_PER_CHUNK = 4096;
const TICKS = 3600;
/** `$`, the channel and the length. */
const FRAME_HEADER_BYTES = 4;
export const MANY_TRACKS = 4;

/** Returns the next bytes of a flood, in reused memory. */
export type Chunks = () => Uint8Array<ArrayBuffer>;

/** Floods that begin when the stream plays. */
export const STREAM_FLOODS = {
  /** Junk. */
  garbage: () => always(noise(CHUNK_BYTES, 1)),
  /** Packets on a channel that was not set up. */
  "stray frames": strays,
  /** Fragments of NAL units that never end, or only above the size limit. */
  "endless fragments": () => numbered(packets([keyframe(TOO_LARGE_UNIT_BYTES)], PAYLOAD_BYTES)),
  /** Keyframes of the largest allowed size. */
  "large units": () => {
    const nals = [h264Sps(), H264_PPS, keyframe(LARGE_UNIT_BYTES)];
    return numbered(packets(nals, LONG_PAYLOAD_BYTES));
  },
  /** SEI with start codes, of the largest size that is split. */
  "units within units": () => {
    const inside = joined([[0, 0, 0, 1], h264Slice({ isIdr: true, bytes: PAYLOAD_BYTES })]);
    const count = Math.floor(UNPACKED_BYTES / inside.length);
    const nal = joined([[6], ...Array.from({ length: count }, () => inside)]);
    return numbered(packets([nal], LONG_PAYLOAD_BYTES));
  },
  /** Tiny keyframes. */
  "small units": () => {
    const nal = h264Slice({ isIdr: true, bytes: SMALL_UNIT_BYTES });
    return numbered(repeat(UNITS_PER_CHUNK, packets([nal], PAYLOAD_BYTES)));
  },
  /** Sender reports. */
  reports: () => {
    const report = frame(1, senderReport(0, 0));
    return always(joined(Array.from({ length: UNITS_PER_CHUNK }, () => report)));
  },
  /** Several tracks, none of which announces its picture size. */
  tracks: () => {
    const nal = keyframe(KEPT_UNIT_BYTES);
    const one = packets([nal], PAYLOAD_BYTES);
    const channels = Array.from({ length: MANY_TRACKS }, (_, track) => 2 * track);
    return numbered(one.flatMap((packet) => channels.map((channel) => ({ ...packet, channel }))));
  },
} as const satisfies Readonly<Record<string, () => Chunks>>;

/** Floods instead of the response to DESCRIBE. */
export const ANSWER_FLOODS = {
  /** Header lines. */
  headers: () => always(bytesOf("X-Extension: 0123456789\r\n".repeat(CHUNK_BYTES / 25))),
  /** Interleaved packets before any track is set up. */
  "frames instead of an answer": strays,
} as const satisfies Readonly<Record<string, () => Chunks>>;

/** All floods, with the longest allowed description and packets over UDP added. */
export const FLOODS = [
  ...keysOf(ANSWER_FLOODS),
  "tracks without end" as const,
  ...keysOf(STREAM_FLOODS),
  "datagrams" as const,
];

export type Flood = typeof FLOODS[number];

/** A large NAL unit that is fast to create. */
function keyframe(bytes: number): Uint8Array<ArrayBuffer> {
  return joined([h264Slice({ isIdr: true }), new Uint8Array(bytes).fill(0x5a)]);
}

/** Small keyframes as RTP packets, one per datagram. */
export function datagrams(): Chunks {
  const nal = h264Slice({ isIdr: true, bytes: SMALL_UNIT_BYTES });
  const chunk = numbered(packets([nal], PAYLOAD_BYTES));
  return () => chunk().subarray(FRAME_HEADER_BYTES);
}

/** Pictures of a clip, as fast as possible. */
export function clipChunks({ pictures }: RawClip): Chunks {
  return numbered(pictures.flatMap(({ units }) => packets(units, PAYLOAD_BYTES)));
}

/** An ordinary stream. */
export function someStream(): Chunks {
  const nals = [h264Sps(), H264_PPS, h264Slice({ isIdr: true, bytes: 20_000 })];
  return numbered(packets(nals, PAYLOAD_BYTES));
}

function keysOf<K extends string>(floods: Readonly<Record<K, unknown>>): K[] {
  const isKey = (text: string): text is K => text in floods;
  return Object.keys(floods).filter(isKey);
}

function strays(): Chunks {
  const one = frame(77, noise(1024, 2));
  return always(joined(Array.from({ length: CHUNK_BYTES / one.length }, () => one)));
}

/** A packet, which is numbered when it is sent. */
interface Packet {
  readonly payload: Uint8Array;
  readonly marker: boolean;
  readonly channel: number;
}

function packets(nals: readonly Uint8Array[], payloadBytes: number): Packet[] {
  const payloads = h264Fragments(nals, payloadBytes);
  return payloads.map((payload, index) => ({
    payload,
    marker: index === payloads.length - 1,
    channel: 0,
  }));
}

/** The packets as one chunk, whose sequence numbers and timestamps advance each time. */
function numbered(packets: readonly Packet[]): Chunks {
  const frames = packets.map(({ payload, marker, channel }) =>
    frame(channel, packetBytes({ payload, marker, timestamp: 0 }))
  );
  const chunk = joined(frames);
  const view = new DataView(chunk.buffer);
  const sequences = new Map<number, number>();
  const pictures = new Map<number, number>();
  return () => {
    let at = 0;
    for (const [index, { marker, channel }] of packets.entries()) {
      view.setUint16(at + 6, next(sequences, channel, 1) & 0xffff);
      view.setUint32(at + 8, next(pictures, channel, marker ? 1 : 0) * TICKS >>> 0);
      at += frames[index]?.length ?? 0;
    }
    return chunk;
  };
}

/** The counter of a channel, before it advances by `step`. */
function next(counts: Map<number, number>, channel: number, step: number): number {
  const count = counts.get(channel) ?? 0;
  counts.set(channel, count + step);
  return count;
}

/** An interleaved packet (RFC 2326 10.12). */
export function frame(channel: number, packet: Uint8Array): Uint8Array<ArrayBuffer> {
  return joined([[0x24, channel, packet.length >> 8, packet.length & 0xff], packet]);
}

function always(bytes: Uint8Array<ArrayBuffer>): Chunks {
  return () => bytes;
}

function repeat<T>(times: number, items: readonly T[]): T[] {
  return Array.from({ length: times }, () => items).flat();
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
