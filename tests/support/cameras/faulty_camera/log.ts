/** The record of a faulty camera, in order, for tests to check and to await. */
import { systemClock, type WallMs } from "../../../../src/core/clock.ts";
import { WAIT_TIMEOUT_MS } from "../../system/lines.ts";

/** One RTSP request. */
export interface RequestEntry {
  readonly connection: number;
  readonly wallMs: WallMs;
  readonly method: string;
  readonly uri: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The response's status; 0 without one. */
  status: number;
}

/** One picture that was sent. */
export interface FrameEntry {
  readonly connection: number;
  /** Index of the track among those announced. */
  readonly track: number;
  /** Its index in this client's stream, from 0, and in the clip. */
  readonly index: number;
  readonly clipIndex: number;
  readonly isKey: boolean;
  readonly rtpTimestamp: number;
  /** When it was due, and when its last byte was passed to the operating system. */
  readonly dueWallMs: WallMs;
  readonly sentWallMs: WallMs;
  readonly packets: number;
  /** Packets of it that were dropped on purpose. */
  readonly dropped: number;
}

/** One connection. */
export interface ConnectionEntry {
  readonly id: number;
  readonly openedWallMs: WallMs;
  closedWallMs: WallMs | null;
}

/** A client's response to a request of the camera's. */
export interface AnswerEntry {
  readonly connection: number;
  readonly status: number;
  readonly cseq: string;
}

/** Everything that was received and sent. */
export class CameraLog {
  readonly connections: ConnectionEntry[] = [];
  readonly requests: RequestEntry[] = [];
  readonly frames: FrameEntry[] = [];
  readonly answers: AnswerEntry[] = [];
  /** RTCP packets of clients: their type, and the connection. */
  readonly rtcp: { readonly connection: number; readonly type: number }[] = [];
  /** Packets that were dropped on purpose. */
  droppedPackets = 0;
  /** Bytes of an attack that the operating system accepted. */
  attackBytes = 0;
  readonly #waiting = new Set<() => void>();

  /** Re-evaluates the conditions that tests await. */
  changed(): void {
    for (const look of this.#waiting) look();
  }

  /** Requests of one method. */
  of(method: string): RequestEntry[] {
    return this.requests.filter((request) => request.method === method);
  }

  /** Resolves once `done` holds; evaluated with each change. */
  async until(what: string, done: () => boolean, timeoutMs = WAIT_TIMEOUT_MS): Promise<void> {
    if (done()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => done() && resolve();
    this.#waiting.add(look);
    const cancel = systemClock.after(timeoutMs, () => {
      const seen = this.requests.map(({ method, status }) => `${method} ${status}`).join(", ");
      reject(new Error(`no ${what} within ${timeoutMs} ms; requests: ${seen}`));
    });
    try {
      await promise;
    } finally {
      cancel();
      this.#waiting.delete(look);
    }
  }
}
