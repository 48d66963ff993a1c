/** An RTSP camera with the quirks and faults of real ones. */
import { type Clock, systemClock } from "../../../../src/core/clock.ts";
import { freePort, listenPatiently } from "../../system/ports.ts";
import { CameraLog } from "./log.ts";
import { type Behaviour, behaviourOf, type FaultyCameraOptions, tracksOf } from "./options.ts";
import { type CameraContext, Session } from "./session.ts";
import { isGone, Wire } from "./wire.ts";

const HOST = "127.0.0.1";
const DEFAULT_PATH = "/cam";

/**
 * Listens on 127.0.0.1: `await using camera = FaultyCamera.start({ clip, auth: { scheme: "basic" } })`.
 *
 * Plays raw H.264 or H.265 over TCP or UDP. By default it behaves correctly; {@link FaultyCameraOptions}
 * enables faults, and {@link behaviour} changes them while it runs. {@link log} records what it did.
 */
export class FaultyCamera implements AsyncDisposable {
  readonly behaviour: Behaviour;
  readonly log = new CameraLog();
  /** Without credentials. */
  readonly url: string;
  readonly port: number;
  readonly #listener: Deno.Listener<Deno.Conn>;
  readonly #clock: Clock;
  readonly #context: CameraContext;
  readonly #wires = new Set<Wire>();
  readonly #sessions = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;

  private constructor(options: FaultyCameraOptions, clock: Clock) {
    this.behaviour = behaviourOf(options);
    this.#clock = clock;
    const { tls } = options;
    const where = { hostname: HOST, port: options.port ?? freePort() };
    const listener = listenPatiently<Deno.TcpListener | Deno.TlsListener>(() =>
      tls === undefined ? Deno.listen(where) : Deno.listenTls({ ...where, ...tls })
    );
    this.#listener = listener;
    this.port = listener.addr.port;
    const scheme = tls === undefined ? "rtsp" : "rtsps";
    this.url = `${scheme}://${HOST}:${this.port}${options.path ?? DEFAULT_PATH}`;
    this.#context = {
      tracks: tracksOf(options),
      behaviour: this.behaviour,
      log: this.log,
      clock,
      startedMs: clock.nowMs(),
      url: this.url,
      refused: new Map(),
    };
    this.#accepting = this.#accept();
  }

  /** Starts listening. */
  static start(options: FaultyCameraOptions, clock: Clock = systemClock): FaultyCamera {
    return new FaultyCamera(options, clock);
  }

  /** The URL with the required user and password, or with others. */
  login(user = this.behaviour.auth.user, password = this.behaviour.auth.password): string {
    const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`;
    return this.url.replace("://", `://${login}`);
  }

  /** Closes every connection and keeps listening. */
  kick(): void {
    for (const wire of this.#wires) wire.close();
  }

  /** Stops listening and closes every connection. @throws the error of a session, if one failed */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.kick();
    await this.#accepting;
    await Promise.all(this.#sessions);
  }

  async #accept(): Promise<void> {
    for (;;) {
      let connection: Deno.Conn;
      try {
        connection = await this.#listener.accept();
      } catch (error) {
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
          return;
        }
        // The client rejects the certificate.
        if (isGone(error)) continue;
        throw error;
      }
      this.#sessions.add(this.#serve(connection));
    }
  }

  async #serve(connection: Deno.Conn): Promise<void> {
    const id = this.log.connections.length;
    const entry = { id, openedWallMs: this.#clock.wallMs(), closedWallMs: null };
    const wire = new Wire(connection, this.behaviour.wire, this.#clock);
    this.log.connections.push(entry);
    this.#wires.add(wire);
    this.log.changed();
    try {
      await new Session(this.#context, wire, id).run();
    } finally {
      this.#wires.delete(wire);
      this.log.connections[id] = { ...entry, closedWallMs: this.#clock.wallMs() };
      this.log.changed();
    }
  }
}
