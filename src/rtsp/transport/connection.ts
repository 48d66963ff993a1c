import { rtspError } from "../errors.ts";
import { MAX_BODY_BYTES, MAX_HEADER_BYTES } from "../limits.ts";
import {
  parseMessage,
  type RtspRequest,
  type RtspResponse,
  writeRequest,
  writeResponse,
} from "../protocol/messages.ts";
import { isMessageStart } from "../protocol/start_line.ts";
import type { ByteStream } from "./byte_stream.ts";

const DOLLAR = 0x24;
/** `$`, the channel, and the length in two bytes (RFC 2326 10.12). */
const FRAME_HEADER_BYTES = 4;
const MAX_FRAME_BYTES = FRAME_HEADER_BYTES + 0xffff;
/** A longer frame on a channel that was not set up is taken for junk that has a `$` in it. */
const MAX_STRAY_FRAME_BYTES = 4096;
/** Holds the longest message and the longest frame. */
const BUFFER_BYTES = MAX_HEADER_BYTES + MAX_BODY_BYTES + MAX_FRAME_BYTES;
/** Less room than this, and what is left unparsed moves to the beginning. */
const MIN_ROOM_BYTES = 64 * 1024;
/** Requests that wait for an answer; more means that the server answers none. */
const MAX_PENDING = 16;

/** Receives packets. */
export interface LinkHandlers {
  /**
   * An interleaved packet came (RFC 2326 10.12).
   * @param bytes  the connection's buffer: valid until this returns
   */
  readonly onPacket: (
    channel: number,
    bytes: Uint8Array<ArrayBuffer>,
    start: number,
    length: number,
  ) => void;
  /** Whether another packet may be handed out before the caller of {@link RtspLink.receive} has a turn. */
  readonly hasRoom?: () => boolean;
}

/** A request as the caller knows it; the sequence number is the link's. */
export interface LinkRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly (readonly [string, string])[];
}

/** What one read brought. */
export interface Received {
  /** The connection ended. */
  readonly ended: boolean;
  /** More bytes may have been ready than were read. */
  readonly isFull: boolean;
  /** There was no room for all packets that were read: the next read hands out the others. */
  readonly isHeld: boolean;
}

const ENDED: Received = { ended: true, isFull: false, isHeld: false };
const SHORT: Received = { ended: false, isFull: false, isHeld: false };
const FULL: Received = { ended: false, isFull: true, isHeld: false };
const HELD: Received = { ended: false, isFull: true, isHeld: true };

/**
 * The RTSP connection: requests and their answers, the server's own requests, and between them packets
 * that are interleaved. After junk it goes on with the next packet or message.
 *
 * Bytes are read only in {@link receive}, one read at a time; its memory is constant.
 */
export class RtspLink {
  /** Bytes that belonged to nothing. */
  junkBytes = 0;
  /** Packets on channels that were not set up. */
  strayPackets = 0;
  /** The channels that carry RTP, and with that packets that can be told from junk. */
  readonly rtpChannels = new Set<number>();
  readonly rtcpChannels = new Set<number>();
  readonly #stream: ByteStream;
  readonly #handlers: LinkHandlers;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #pending = new Map<number, (response: RtspResponse) => void>();
  readonly #userAgent: string;
  #start = 0;
  #end = 0;
  #sequence = 0;
  #isInSync = true;
  #isHeld = false;
  #isFull = false;

  constructor(stream: ByteStream, handlers: LinkHandlers, userAgent: string) {
    this.#stream = stream;
    this.#handlers = handlers;
    this.#userAgent = userAgent;
  }

  /** Bytes that were read and not understood yet: a packet or a message is on its way. */
  get unparsedBytes(): number {
    return this.#end - this.#start;
  }

  /**
   * Sends a request.
   * @param onResponse  called in {@link receive} when its answer comes; never when none does
   */
  async send(
    request: LinkRequest,
    onResponse: (response: RtspResponse) => void = () => {},
  ): Promise<void> {
    const sequence = ++this.#sequence;
    this.#pending.set(sequence, onResponse);
    for (const oldest of this.#pending.keys()) {
      if (this.#pending.size <= MAX_PENDING) break;
      this.#pending.delete(oldest);
    }
    const headers: (readonly [string, string])[] = [
      ["CSeq", String(sequence)],
      ["User-Agent", this.#userAgent],
      ...request.headers,
    ];
    await this.#stream.write(writeRequest({ ...request, headers }));
  }

  /**
   * Sends a request and reads until its answer has come. Not while another read is pending.
   * @param afterRead  called after each read, and waited for
   */
  async call(
    request: LinkRequest,
    afterRead: () => Promise<void> = () => Promise.resolve(),
  ): Promise<RtspResponse> {
    let answer: RtspResponse | null = null;
    await this.send(request, (response) => answer = response);
    for (;;) {
      if (answer !== null) return answer;
      const { ended } = await this.receive();
      await afterRead();
      if (ended && answer === null) {
        throw rtspError("STREAM_ENDED", {
          action: `Cannot get an answer to ${request.method}`,
          found: "the camera closed the connection",
        });
      }
    }
  }

  /** Writes an interleaved packet. */
  async sendPacket(channel: number, packet: Uint8Array<ArrayBuffer>): Promise<void> {
    const frame = new Uint8Array(FRAME_HEADER_BYTES + packet.byteLength);
    frame.set([DOLLAR, channel, packet.byteLength >> 8, packet.byteLength & 0xff]);
    frame.set(packet, FRAME_HEADER_BYTES);
    await this.#stream.write(frame);
  }

  /** Waits for bytes, once, and hands out everything that they complete, as far as there is room. */
  async receive(): Promise<Received> {
    if (!this.#isHeld) {
      this.#makeRoom();
      const roomBytes = this.#buffer.byteLength - this.#end;
      const count = await this.#stream.read(this.#buffer.subarray(this.#end));
      if (count === null) return ENDED;
      this.#end += count;
      this.#isFull = count === roomBytes;
    }
    this.#split();
    if (this.#isHeld) return HELD;
    return this.#isFull ? FULL : SHORT;
  }

  #makeRoom(): void {
    if (this.#start === this.#end) this.#start = this.#end = 0;
    if (this.#start === 0 || this.#buffer.byteLength - this.#end >= MIN_ROOM_BYTES) return;
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }

  #split(): void {
    const { hasRoom } = this.#handlers;
    this.#isHeld = false;
    while (this.#start < this.#end) {
      if (hasRoom?.() === false) {
        this.#isHeld = true;
        return;
      }
      const consumedBytes = this.#buffer[this.#start] === DOLLAR ? this.#frame() : this.#message();
      if (consumedBytes === 0) return;
      this.#start += consumedBytes;
    }
  }

  /** @returns how many bytes are done with; 0 when more are needed */
  #frame(): number {
    const availableBytes = this.#end - this.#start;
    if (availableBytes < FRAME_HEADER_BYTES) return 0;
    const at = this.#start;
    const buffer = this.#buffer;
    const channel = buffer[at + 1] ?? 0;
    const length = (buffer[at + 2] ?? 0) << 8 | (buffer[at + 3] ?? 0);
    const frameBytes = FRAME_HEADER_BYTES + length;
    const isKnown = this.rtpChannels.has(channel) || this.rtcpChannels.has(channel);
    if (!isKnown) return this.#strayFrame(frameBytes);
    // RTP and RTCP both begin with version 2 (RFC 3550 5.1, 6.4.1): a `$` in junk mostly does not.
    if (length > 0 && availableBytes > FRAME_HEADER_BYTES) {
      if ((buffer[at + FRAME_HEADER_BYTES] ?? 0) >> 6 !== 2) return this.#junk(1);
    }
    if (availableBytes < frameBytes) return 0;
    this.#isInSync = true;
    this.#handlers.onPacket(channel, buffer, at + FRAME_HEADER_BYTES, length);
    return frameBytes;
  }

  /** Some cameras send channels that were never set up (audio, metadata): skipped as a whole. */
  #strayFrame(frameBytes: number): number {
    if (!this.#isInSync || frameBytes > MAX_STRAY_FRAME_BYTES) return this.#junk(1);
    if (this.#end - this.#start < frameBytes) return 0;
    const next = this.#start + frameBytes;
    if (
      next < this.#end && this.#buffer[next] !== DOLLAR &&
      !isMessageStart(this.#buffer, next, this.#end)
    ) {
      return this.#junk(1);
    }
    this.strayPackets++;
    return frameBytes;
  }

  #message(): number {
    if (!isMessageStart(this.#buffer, this.#start, this.#end)) return this.#resync();
    const parsed = parseMessage(this.#buffer, this.#start, this.#end);
    if (parsed.state === "incomplete") return 0;
    if (parsed.state === "invalid") {
      // Before anything plays it is the answer that is waited for.
      if (this.rtpChannels.size > 0) return this.#junk(1);
      throw rtspError("STREAM_INVALID", {
        action: "Cannot understand the camera's answer",
        found: parsed.reason,
      });
    }
    this.#isInSync = true;
    const { message } = parsed;
    if (message.kind === "response") this.#onResponse(message);
    else this.#onRequest(message);
    return parsed.consumedBytes;
  }

  /** Skips to what may be a packet or a message. Blank lines between them are no junk (RFC 2326 4.1). */
  #resync(): number {
    let at = this.#start + 1;
    while (
      at < this.#end && this.#buffer[at] !== DOLLAR && !isMessageStart(this.#buffer, at, this.#end)
    ) at++;
    return this.#junk(at - this.#start);
  }

  #junk(sizeBytes: number): number {
    for (let at = this.#start; at < this.#start + sizeBytes; at++) {
      const byte = this.#buffer[at];
      if (byte === 0x0d || byte === 0x0a) continue;
      this.junkBytes++;
      this.#isInSync = false;
    }
    return sizeBytes;
  }

  #onResponse(response: RtspResponse): void {
    const sequence = Number(response.headers.get("CSeq") ?? NaN);
    // Some cameras leave the number out, or always give the same: then it is the oldest request's.
    const key = this.#pending.has(sequence) ? sequence : this.#pending.keys().next().value;
    if (key === undefined) return;
    const answer = this.#pending.get(key);
    this.#pending.delete(key);
    answer?.(response);
  }

  /** The server asks something. Some cameras end the session unless they are answered. */
  #onRequest(request: RtspRequest): void {
    const isKnown = ["OPTIONS", "GET_PARAMETER", "SET_PARAMETER", "ANNOUNCE"]
      .includes(request.method);
    const sequence = request.headers.get("CSeq");
    const answer = writeResponse({
      status: isKnown ? 200 : 501,
      reason: isKnown ? "OK" : "Not Implemented",
      headers: sequence === null ? [] : [["CSeq", sequence]],
    });
    this.#stream.write(answer).catch(() => {
      // A connection that can't be written to ends its reads as well, which is noticed there.
    });
  }
}
