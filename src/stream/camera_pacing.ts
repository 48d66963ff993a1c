import type { FrameReader, PacingView } from "../framebus/pacing_view.ts";
import { Cadence, type CadenceView } from "../pacing/cadence.ts";

/** Reads one connection, and delays that while no detector is due. */
export interface ConnectionReader extends FrameReader {
  /** Ends a delay: a detector may be due earlier than expected. */
  wake(): void;
}

/**
 * When a camera's packets arrive and its frames are expected, from one connection to the next. The stream
 * writes it; the bus sees a {@link PacingView} of it, the consumer ports a {@link FrameReader}.
 */
export class CameraPacing implements PacingView, FrameReader {
  /** The cadence of the camera's packets, decoded or not. */
  readonly packets = new Cadence();
  #frames: CadenceView = this.packets;
  #reader: ConnectionReader | null = null;

  get frames(): CadenceView {
    return this.#frames;
  }

  /** @param keyframes  the only packets that are decoded at present, or null for any */
  decodesOnly(keyframes: CadenceView | null): void {
    this.#frames = keyframes ?? this.packets;
  }

  /** A connection is read by this from now on. */
  connect(reader: ConnectionReader): void {
    this.#reader = reader;
  }

  /** The connection has ended. */
  disconnect(): void {
    this.#reader = null;
  }

  isBehind(): boolean {
    return this.#reader?.isBehind() ?? false;
  }

  catchUp(): Promise<void> {
    return this.#reader?.catchUp() ?? Promise.resolve();
  }

  /** Resumes reading, if it is delayed. */
  wake(): void {
    this.#reader?.wake();
  }
}
