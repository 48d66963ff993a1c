/** The camera of the latency bench, in a process of its own, and its log of frames. */
import { Child } from "../../../tests/support/system/children.ts";
import { ROOT, type TempFolder, TWO_PEOPLE_CLIP } from "../../../tests/support/system/files.ts";
import { jsonLine } from "../../../tests/support/system/lines.ts";
import { programPath, SYSTEM_PYTHON } from "../../../tests/support/system/parts.ts";

/** The clip of two people. */
export const CAMERA = { width: 1280, height: 720, fps: 25 } as const;

const RTP_CLOCK_HZ = 90_000;
/** Tolerance for matching a position to a frame: a quarter of the frame interval. */
const TOLERANCE = RTP_CLOCK_HZ / CAMERA.fps / 4;

/** A frame in the camera's log; wall clock, milliseconds with fractions. */
export interface SentFrame {
  /** RTP time since the connection's first frame, in units of 1/90000 s. */
  readonly rtpOffset: number;
  /** When it was due, by the sender reports. */
  readonly capturedAtMs: number;
  /** Directly before its last packet was written to the socket. */
  readonly sentAtMs: number;
}

/** Writes the clip of two people as a raw stream with access unit delimiters. @returns its path */
export async function rawStream(folder: TempFolder): Promise<string> {
  const path = `${folder.path}/camera.h264`;
  const { success, stderr } = await new Deno.Command(programPath("ffmpeg") ?? "ffmpeg", {
    args: ["-v", "error", "-i", TWO_PEOPLE_CLIP, "-c", "copy"]
      .concat("-bsf:v", "h264_mp4toannexb,h264_metadata=aud=insert", "-f", "h264", path),
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`ffmpeg failed: ${new TextDecoder().decode(stderr)}`);
  return path;
}

/** A running camera on 127.0.0.1, stopped when disposed. */
export class LoggingCamera implements AsyncDisposable {
  readonly url: string;
  readonly #child: Child;
  readonly #log: string;

  private constructor(child: Child, port: number, log: string) {
    this.#child = child;
    this.#log = log;
    this.url = `rtsp://127.0.0.1:${port}/stream`;
  }

  /** Starts one and returns when it listens. @param stream of {@link rawStream} */
  static async start(stream: string, folder: TempFolder): Promise<LoggingCamera> {
    const log = `${folder.path}/camera.log`;
    const child = new Child({
      name: "camera",
      command: SYSTEM_PYTHON,
      args: [`${ROOT}/scripts/bench/latency/camera.py`, "--stream", stream, "--log", log]
        .concat("--fps", `${CAMERA.fps}`),
    });
    try {
      const line = await child.stdout.waitFor((text) => jsonLine(text)?.["event"] === "ready", {
        what: "its port",
      });
      return new LoggingCamera(child, Number(jsonLine(line)?.["port"]), log);
    } catch (error) {
      await child[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The log so far. */
  sent(): SentLog {
    return new SentLog(Deno.readTextFileSync(this.#log));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}

/** The frames of each connection that played, in the order they were sent. */
export class SentLog {
  readonly #connections: readonly (readonly SentFrame[])[];

  /** @param text lines of `connection rtp-timestamp captured-us sent-us handed-us` */
  constructor(text: string) {
    const byConnection = new Map<number, { first: number; frames: SentFrame[] }>();
    // The last element is empty, or an incomplete line.
    for (const line of text.split("\n").slice(0, -1)) {
      const [number = NaN, rtp = NaN, captured = NaN, sent = NaN] = line.split(" ").map(Number);
      const connection = byConnection.get(number) ?? { first: rtp, frames: [] };
      byConnection.set(number, connection);
      connection.frames.push({
        rtpOffset: (rtp - connection.first) >>> 0,
        capturedAtMs: captured / 1000,
        sentAtMs: sent / 1000,
      });
    }
    this.#connections = [...byConnection.values()].map(({ frames }) => frames)
      .sort((a, b) => (a[0]?.sentAtMs ?? 0) - (b[0]?.sentAtMs ?? 0));
  }

  get connections(): number {
    return this.#connections.length;
  }

  /**
   * The frame at a position of the newest connection at a time; null if no frame sent by then matches.
   */
  frameAt(ptsSeconds: number, atMs: number): SentFrame | null {
    const frames = this.#connections.findLast(([first]) =>
      first !== undefined && first.sentAtMs < atMs
    );
    const frame = frames?.[Math.round(ptsSeconds * CAMERA.fps)];
    if (frame === undefined || frame.sentAtMs > atMs) return null;
    return Math.abs(frame.rtpOffset - ptsSeconds * RTP_CLOCK_HZ) <= TOLERANCE ? frame : null;
  }
}
