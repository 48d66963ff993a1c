import { rtspError } from "../errors.ts";
import { MAX_BODY_BYTES, MAX_HEADER_BYTES } from "../limits.ts";
import {
  parseMessage,
  type RtspRequest,
  type RtspResponse,
  writeRequest,
  writeResponse,
} from "../protocol/messages.ts";
import { type OtherProtocol, PROTOCOL_BYTES, protocolOf } from "../protocol/other_protocols.ts";
import { isStartLine } from "../protocol/start_line.ts";
import type { ByteStream } from "./byte_stream.ts";

const DOLLAR = 0x24;
/** The header of an interleaved packet: `$`, channel, and length in two bytes (RFC 2326 10.12). */
const INTERLEAVED_HEADER_BYTES = 4;
const MAX_INTERLEAVED_BYTES = INTERLEAVED_HEADER_BYTES + 0xffff;
/** A longer packet on a channel that was not set up is taken for junk that contains a `$`. */
const MAX_STRAY_BYTES = 4096;
/** Holds the longest message and the longest interleaved packet. */
const BUFFER_BYTES = MAX_HEADER_BYTES + MAX_BODY_BYTES + MAX_INTERLEAVED_BYTES;
/** With less free space than this, unparsed bytes are moved to the beginning. */
const MIN_FREE_BYTES = 64 * 1024;
/** Pending requests; more mean that the server answers none. */
const MAX_PENDING = 16;

/** Receives interleaved packets. */
export interface ConnectionHandlers {
  /**
   * Handles an interleaved packet (RFC 2326 10.12).
   * @param bytes  the connection's buffer: valid until this returns
   */
  readonly onPacket: (
    channel: number,
    bytes: Uint8Array<ArrayBuffer>,
    start: number,
    length: number,
  ) => void;
  /** Whether another packet may be delivered before {@link RtspConnection.receive} returns. */
  readonly canAccept?: () => boolean;
}

/** A request without the CSeq and User-Agent headers, which the connection adds. */
export interface OutgoingRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly (readonly [string, string])[];
}

/** The outcome of one read. */
export interface ReceiveResult {
  /** The connection was closed. */
  readonly ended: boolean;
  /** The read filled the buffer: the socket may hold more. */
  readonly mayHaveMore: boolean;
  /** Not all packets could be delivered: the next call delivers the others without reading. */
  readonly hasBuffered: boolean;
}

const ENDED: ReceiveResult = { ended: true, mayHaveMore: false, hasBuffered: false };
const DRAINED: ReceiveResult = { ended: false, mayHaveMore: false, hasBuffered: false };
const FULL: ReceiveResult = { ended: false, mayHaveMore: true, hasBuffered: false };
const BUFFERED: ReceiveResult = { ended: false, mayHaveMore: true, hasBuffered: true };

/**
 * An RTSP connection: requests and responses, the server's own requests, and interleaved packets.
 * Resynchronises after junk at the next packet or message.
 *
 * Bytes are read only in {@link receive}, one read at a time. Memory is constant.
 */
export class RtspConnection {
  /** The server has sent a message. */
  isAnswering = false;
  /** Bytes that were part of no message or packet. */
  junkBytes = 0;
  /** Packets on channels that were not set up. */
  strayPackets = 0;
  /** The channels of RTP and of RTCP, whose packets can be distinguished from junk. */
  readonly rtpChannels = new Set<number>();
  readonly rtcpChannels = new Set<number>();
  readonly #stream: ByteStream;
  readonly #handlers: ConnectionHandlers;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #pending = new Map<number, (response: RtspResponse) => void>();
  readonly #userAgent: string;
  #start = 0;
  #end = 0;
  #sequence = 0;
  #isInSync = true;
  readonly #firstJunk: number[] = [];
  #hasBuffered = false;
  #mayHaveMore = false;

  constructor(stream: ByteStream, handlers: ConnectionHandlers, userAgent: string) {
    this.#stream = stream;
    this.#handlers = handlers;
    this.#userAgent = userAgent;
  }

  /** What the server speaks, if it is not RTSP: it has sent bytes, and no message; else null. */
  get otherProtocol(): OtherProtocol | null {
    const isOther = !this.isAnswering && this.#firstJunk.length > 0;
    return isOther ? protocolOf(Uint8Array.from(this.#firstJunk)) : null;
  }

  /**
   * Sends a request.
   * @param onResponse  called in {@link receive} with the response, if one arrives
   */
  async send(
    request: OutgoingRequest,
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
   * Sends a request and reads until its response has arrived. Not while another read is pending.
   * @param afterRead  awaited after each read
   */
  async call(
    request: OutgoingRequest,
    afterRead: () => Promise<void> = () => Promise.resolve(),
  ): Promise<RtspResponse> {
    let response: RtspResponse | null = null;
    await this.send(request, (received) => response = received);
    for (;;) {
      if (response !== null) return response;
      const { ended } = await this.receive();
      await afterRead();
      if (ended && response === null) {
        throw rtspError("STREAM_ENDED", { action: `Cannot get an answer to ${request.method}` });
      }
    }
  }

  /** Writes an interleaved packet. */
  async sendPacket(channel: number, packet: Uint8Array<ArrayBuffer>): Promise<void> {
    const bytes = new Uint8Array(INTERLEAVED_HEADER_BYTES + packet.byteLength);
    bytes.set([DOLLAR, channel, packet.byteLength >> 8, packet.byteLength & 0xff]);
    bytes.set(packet, INTERLEAVED_HEADER_BYTES);
    await this.#stream.write(bytes);
  }

  /** Waits for bytes, once, and delivers the messages and packets that they complete. */
  async receive(): Promise<ReceiveResult> {
    if (!this.#hasBuffered) {
      this.#compact();
      const freeBytes = this.#buffer.byteLength - this.#end;
      const count = await this.#stream.read(this.#buffer.subarray(this.#end));
      if (count === null) return ENDED;
      this.#end += count;
      this.#mayHaveMore = count === freeBytes;
    }
    this.#parse();
    if (this.#hasBuffered) return BUFFERED;
    return this.#mayHaveMore ? FULL : DRAINED;
  }

  #compact(): void {
    if (this.#start === this.#end) this.#start = this.#end = 0;
    if (this.#start === 0 || this.#buffer.byteLength - this.#end >= MIN_FREE_BYTES) return;
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }

  #parse(): void {
    const { canAccept } = this.#handlers;
    this.#hasBuffered = false;
    while (this.#start < this.#end) {
      if (canAccept?.() === false) {
        this.#hasBuffered = true;
        return;
      }
      const consumedBytes = this.#buffer[this.#start] === DOLLAR
        ? this.#interleavedPacket()
        : this.#message();
      if (consumedBytes === 0) return;
      this.#start += consumedBytes;
    }
  }

  /** @returns the bytes consumed; 0 if more are needed */
  #interleavedPacket(): number {
    const availableBytes = this.#end - this.#start;
    if (availableBytes < INTERLEAVED_HEADER_BYTES) return 0;
    const at = this.#start;
    const buffer = this.#buffer;
    const channel = buffer[at + 1] ?? 0;
    const length = (buffer[at + 2] ?? 0) << 8 | (buffer[at + 3] ?? 0);
    const packetBytes = INTERLEAVED_HEADER_BYTES + length;
    const isKnown = this.rtpChannels.has(channel) || this.rtcpChannels.has(channel);
    if (!isKnown) return this.#strayPacket(packetBytes);
    // RTP and RTCP begin with version 2 (RFC 3550 5.1, 6.4.1); the bytes after a `$` in junk mostly do not.
    if (length > 0 && availableBytes > INTERLEAVED_HEADER_BYTES) {
      if ((buffer[at + INTERLEAVED_HEADER_BYTES] ?? 0) >> 6 !== 2) return this.#junk(1);
    }
    if (availableBytes < packetBytes) return 0;
    this.#isInSync = true;
    this.#handlers.onPacket(channel, buffer, at + INTERLEAVED_HEADER_BYTES, length);
    return packetBytes;
  }

  /** Skips a packet of a channel that was not set up: some cameras send audio or metadata all the same. */
  #strayPacket(packetBytes: number): number {
    if (!this.#isInSync || packetBytes > MAX_STRAY_BYTES) return this.#junk(1);
    if (this.#end - this.#start < packetBytes) return 0;
    const next = this.#start + packetBytes;
    if (
      next < this.#end && this.#buffer[next] !== DOLLAR &&
      !isStartLine(this.#buffer, next, this.#end)
    ) {
      return this.#junk(1);
    }
    this.strayPackets++;
    return packetBytes;
  }

  #message(): number {
    if (!isStartLine(this.#buffer, this.#start, this.#end)) return this.#resync();
    const parsed = parseMessage(this.#buffer, this.#start, this.#end);
    if (parsed.state === "incomplete") return 0;
    if (parsed.state === "invalid") {
      // Before SETUP the peer may not be an RTSP server.
      if (this.rtpChannels.size > 0) return this.#junk(1);
      throw rtspError("STREAM_INVALID", {
        action: "Cannot understand the camera's answer",
        found: parsed.reason,
      });
    }
    this.#isInSync = true;
    this.isAnswering = true;
    const { message } = parsed;
    if (message.kind === "response") this.#onResponse(message);
    else this.#onRequest(message);
    return parsed.consumedBytes;
  }

  /** Skips to the next possible packet or message. */
  #resync(): number {
    let at = this.#start + 1;
    while (
      at < this.#end && this.#buffer[at] !== DOLLAR && !isStartLine(this.#buffer, at, this.#end)
    ) at++;
    return this.#junk(at - this.#start);
  }

  /** Counts junk; blank lines between messages are allowed (RFC 2326 4.1). */
  #junk(sizeBytes: number): number {
    for (let at = this.#start; at < this.#start + sizeBytes; at++) {
      const byte = this.#buffer[at];
      if (byte === undefined || byte === 0x0d || byte === 0x0a) continue;
      if (this.#firstJunk.length < PROTOCOL_BYTES) this.#firstJunk.push(byte);
      this.junkBytes++;
      this.#isInSync = false;
    }
    return sizeBytes;
  }

  #onResponse(response: RtspResponse): void {
    // 100 Continue: the response itself follows.
    if (response.status < 200) return;
    const sequence = Number(response.headers.get("CSeq") ?? NaN);
    // Some cameras omit the sequence number, or repeat one: the response is to the oldest request.
    const key = this.#pending.has(sequence) ? sequence : this.#pending.keys().next().value;
    if (key === undefined) return;
    const onResponse = this.#pending.get(key);
    this.#pending.delete(key);
    onResponse?.(response);
  }

  /** Answers a request of the server's. Some cameras end the session without a response. */
  #onRequest(request: RtspRequest): void {
    const isKnown = ["OPTIONS", "GET_PARAMETER", "SET_PARAMETER", "ANNOUNCE"]
      .includes(request.method);
    const sequence = request.headers.get("CSeq");
    const response = writeResponse({
      status: isKnown ? 200 : 501,
      reason: isKnown ? "OK" : "Not Implemented",
      headers: sequence === null ? [] : [["CSeq", sequence]],
    });
    this.#stream.write(response).catch(() => {
      // A connection that fails to write fails to read as well, and is closed by the reader.
    });
  }
}
