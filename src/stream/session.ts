import type { Decoding } from "./decoding.ts";
import type { DecodingParts } from "./decoding_parts.ts";
import type { PacketSource } from "./packet_source.ts";
import type { StallTimer } from "./stall_timer.ts";

/** How a connection ended without an error. */
export type ConnectionEnd = "ended" | "stalled" | "stopped";

/** What a connection works with; it owns none of it. */
export interface SessionParts extends DecodingParts {
  /** Aborted when the camera is to stop. */
  readonly signal: AbortSignal;
}

/**
 * The read loop of an open connection: reads packets and pushes them into the decoding.
 *
 * @param stall  ends a read that waits for too long
 * @throws {BoundsError} the stream demands more of the decoder than its bounds permit
 */
export async function runSession(
  parts: SessionParts,
  source: PacketSource,
  decoding: Decoding,
  stall: StallTimer,
): Promise<ConnectionEnd> {
  const { bounds, clock } = parts;
  for (;;) {
    const read = await source.read();
    if (parts.signal.aborted) return "stopped";
    if (stall.isStalled) return "stalled";
    for (let packet = source.take(); packet !== null; packet = source.take()) {
      bounds.packet(packet.packet.sizeBytes);
      decoding.push(packet);
      const pauseMs = bounds.settle();
      if (pauseMs <= 0) continue;
      await clock.sleep(pauseMs, parts.signal);
      if (stall.isStalled) return "stalled";
    }
    if (read === "read") continue;
    decoding.end();
    if (!parts.source.loop) return "ended";
    source.rewind();
    decoding.rewind();
  }
}
