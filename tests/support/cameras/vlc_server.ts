/** A third-party RTSP camera: VLC's RTSP server in a child process. It refuses TCP (461). */
import { Child } from "../system/children.ts";
import { ROOT } from "../system/files.ts";
import { jsonLine } from "../system/lines.ts";
import { SYSTEM_PYTHON } from "../system/parts.ts";
import { freePort } from "../system/ports.ts";

/** What the server plays, and its authentication. */
export interface VlcServerOptions {
  /**
   * The path of an MP4 file, longer than the test takes: when the clip loops, VLC sends nothing more to its
   * clients.
   */
  readonly clip: string;
  /** Require Basic authentication. */
  readonly auth?: { readonly user: string; readonly password: string };
}

/** A running server on 127.0.0.1: `await using camera = await VlcServer.start({ clip })`. */
export class VlcServer implements AsyncDisposable {
  /** The URL with the required credentials. */
  readonly url: string;
  readonly #child: Child;

  private constructor(child: Child, port: number, { auth }: VlcServerOptions) {
    const login = auth === undefined
      ? ""
      : `${encodeURIComponent(auth.user)}:${encodeURIComponent(auth.password)}@`;
    this.#child = child;
    this.url = `rtsp://${login}127.0.0.1:${port}/cam`;
  }

  /**
   * Starts a server, and returns when its clip can be played.
   * @throws with the server's output if it cannot
   */
  static async start(options: VlcServerOptions): Promise<VlcServer> {
    // VLC does not report a port that the operating system chose.
    const port = freePort();
    const { clip, auth } = options;
    const args = [
      `${ROOT}/tests/support/cameras/vlc_server.py`,
      "--clip",
      clip,
      "--port",
      `${port}`,
    ];
    if (auth !== undefined) args.push("--user", auth.user, "--password", auth.password);
    const child = new Child({ name: "VLC's RTSP server", command: SYSTEM_PYTHON, args });
    try {
      await child.stdout.waitFor((text) => jsonLine(text)?.["event"] === "ready", {
        what: "its clip",
      });
      return new VlcServer(child, port, options);
    } catch (error) {
      await child[Symbol.asyncDispose]();
      throw new Error(`VLC's RTSP server did not start: ${child.stderr.text()}`, { cause: error });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}
