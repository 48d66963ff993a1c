/** A third-party RTSP camera: GStreamer's RTSP server in a child process. */
import { Child } from "../system/children.ts";
import { ROOT } from "../system/files.ts";
import { jsonLine, WAIT_TIMEOUT_MS } from "../system/lines.ts";
import { SYSTEM_PYTHON } from "../system/parts.ts";
import { freePort } from "../system/ports.ts";

/** What the server plays, and how. */
export interface RtspServerOptions {
  /** The path of an MP4 file. B-frames are sent at once after their reference. */
  readonly clip: string;
  /** Default `h264`. MJPEG as RTP requires: 4:2:0, with the standard Huffman tables. */
  readonly codec?: "h264" | "h265" | "mjpeg";
  /** Require Basic authentication. */
  readonly auth?: { readonly user: string; readonly password: string };
  /** Default `/stream1`. */
  readonly mount?: string;
  /** Default: any free port. A given one restarts a camera on its former port. */
  readonly port?: number;
  /** End with the clip instead of looping. */
  readonly once?: boolean;
  /** Refuse UDP. */
  readonly tcpOnly?: boolean;
  /**
   * Play from the clip's first frame for each client. By default all clients receive the same picture at the
   * same time, as with a camera, and a late one joins within a GOP.
   */
  readonly ownPlayback?: boolean;
}

/** A running server on 127.0.0.1: `await using camera = await RtspServer.start({ clip })`. */
export class RtspServer implements AsyncDisposable {
  readonly port: number;
  /** The URL without credentials. */
  readonly url: string;
  /** The URL with the required credentials. */
  readonly urlWithCredentials: string;
  readonly #child: Child;

  private constructor(child: Child, port: number, options: RtspServerOptions) {
    const mount = options.mount ?? "/stream1";
    const { auth } = options;
    const login = auth === undefined
      ? ""
      : `${encodeURIComponent(auth.user)}:${encodeURIComponent(auth.password)}@`;
    this.#child = child;
    this.port = port;
    this.url = `rtsp://127.0.0.1:${port}${mount}`;
    this.urlWithCredentials = `rtsp://${login}127.0.0.1:${port}${mount}`;
  }

  /**
   * Starts a server and returns when it listens.
   * @throws with the server's output if it cannot
   */
  static async start(options: RtspServerOptions): Promise<RtspServer> {
    const child = new Child({ name: "RTSP server", command: SYSTEM_PYTHON, args: args(options) });
    try {
      const line = await child.stdout.waitFor((text) => jsonLine(text)?.["event"] === "ready", {
        what: "its port",
      });
      return new RtspServer(child, Number(jsonLine(line)?.["port"]), options);
    } catch (error) {
      await child[Symbol.asyncDispose]();
      throw new Error(`RTSP server did not start: ${child.stderr.text()}`, { cause: error });
    }
  }

  /** How many connections clients have opened so far. */
  get clients(): number {
    return this.#child.stdout.all.filter((line) => jsonLine(line)?.["event"] === "client").length;
  }

  /** Returns when `count` connections have been opened since the start. */
  async waitForClients(count: number, timeoutMs: number = WAIT_TIMEOUT_MS): Promise<void> {
    const what = `client ${count}`;
    await this.#child.stdout.waitFor(() => this.clients >= count, { timeoutMs, what });
  }

  /** Stops the process (SIGSTOP), with connections left open: a camera that hangs. */
  freeze(): void {
    this.#child.signal("SIGSTOP");
  }

  /** Resumes after {@link freeze}. */
  thaw(): void {
    this.#child.signal("SIGCONT");
  }

  /** Closes every client's connection and keeps serving. */
  async kick(): Promise<void> {
    const since = this.#child.stdout.all.length;
    await this.#child.say("kick");
    await this.#child.stdout.waitFor((line) => jsonLine(line)?.["event"] === "kicked", {
      since,
      what: "its answer to kick",
    });
  }

  /** Ends the server and its connections. Idempotent. */
  stop(): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function args(options: RtspServerOptions): string[] {
  const list = [`${ROOT}/tests/support/cameras/rtsp_server.py`, "--clip", options.clip];
  list.push("--codec", options.codec ?? "h264", "--port", String(options.port ?? freePort()));
  if (options.mount !== undefined) list.push("--mount", options.mount);
  if (options.auth !== undefined) {
    list.push("--user", options.auth.user, "--password", options.auth.password);
  }
  if (options.once === true) list.push("--once");
  if (options.tcpOnly === true) list.push("--tcp");
  if (options.ownPlayback === true) list.push("--private");
  return list;
}
