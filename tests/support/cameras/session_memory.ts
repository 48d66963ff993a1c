/**
 * Measures the memory growth of an RTSP session in a process of its own. Plays the URL of the first argument,
 * over UDP if a second one is the RTP port, until a line arrives on standard input; reconnects when the
 * camera ends the session. The first session is the warm-up, and has to end by itself. Prints `playing`
 * after it, `unit` with the first unit, and finally a {@link SessionMemory} as JSON.
 *
 *     deno run --v8-flags=--expose-gc --allow-net=… tests/support/cameras/session_memory.ts rtsp://…
 */
import { systemClock } from "../../../src/core/clock.ts";
import { OrionError } from "../../../src/core/errors.ts";
import { CameraHints } from "../../../src/rtsp/client/camera_hints.ts";
import { openRtsp } from "../../../src/rtsp/client/open.ts";
import { EventLoopYielder } from "../../../src/rtsp/client/event_loop_yielder.ts";

/** The measurement. */
export interface SessionMemory {
  /** The peak growth of the resident set since before the session. */
  readonly peakMib: number;
  /** The growth after the session and a garbage collection. */
  readonly leftMib: number;
  /** Received units. */
  readonly units: number;
  /** The distinct error codes of the sessions' ends. */
  readonly endings: readonly string[];
}

const MIB = 1024 * 1024;
const SAMPLE_INTERVAL_MS = 5;
const STEP_TIMEOUT_MS = 1000;
/** Delay of a reconnection; in the product it is at least a second. */
const RECONNECT_MS = 100;

function rssMib(): number {
  return Deno.memoryUsage().rss / MIB;
}

/** The resident set after a garbage collection. */
async function collectedMib(): Promise<number> {
  const scope: object = globalThis;
  if (!("gc" in scope) || typeof scope.gc !== "function") {
    throw new Error("it needs --v8-flags=--expose-gc");
  }
  const { gc } = scope;
  for (let round = 0; round < 2; round++) {
    gc();
    await systemClock.sleep(SAMPLE_INTERVAL_MS);
  }
  return rssMib();
}

async function print(line: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
}

class Measurement {
  readonly #url: string;
  readonly #udpPort: number | null;
  readonly #stop = new AbortController();
  readonly #endings = new Set<string>();
  #units = 0;
  #peakMib = 0;
  #sampledAtMs = 0;

  constructor(url: string, udpPort: number | null) {
    this.#url = url;
    this.#udpPort = udpPort;
  }

  async run(): Promise<SessionMemory> {
    await this.#session();
    const startMib = await collectedMib();
    this.#units = this.#peakMib = 0;
    this.#endings.clear();
    Deno.stdin.read(new Uint8Array(1)).then(() => this.#stop.abort());
    await print("playing");
    while (!this.#stop.signal.aborted) {
      await this.#session();
      this.#sample(true);
      if (!this.#stop.signal.aborted) await systemClock.sleep(RECONNECT_MS);
    }
    return {
      peakMib: this.#peakMib - startMib,
      leftMib: await collectedMib() - startMib,
      units: this.#units,
      endings: [...this.#endings],
    };
  }

  async #session(): Promise<void> {
    try {
      await this.#play();
      this.#endings.add("end");
    } catch (error) {
      if (error instanceof OrionError) this.#endings.add(error.code);
      else if (!this.#stop.signal.aborted) throw error;
    }
  }

  async #play(): Promise<void> {
    const { signal } = this.#stop;
    const udpPort = this.#udpPort;
    const session = await openRtsp({
      url: this.#url,
      transport: udpPort === null ? "tcp" : "udp",
      track: null,
      tls: null,
      allowRedirect: [],
      udpPorts: udpPort === null ? null : [udpPort, udpPort + 1],
      maxUnitBytes: 8 * MIB,
      stepTimeoutMs: STEP_TIMEOUT_MS,
      userAgent: "Orion",
      clock: systemClock,
      signal,
      random: Math.random,
      randomToken: () => crypto.randomUUID(),
      hints: new CameraHints(),
      onTrackSelected: () => {},
      onUdpBound: () => {},
      onUnit: () => {
        if (this.#units++ === 0) void print("unit");
        this.#sample(false);
      },
      canAccept: () => true,
      onReport: () => {},
    });
    const yielder = new EventLoopYielder(systemClock);
    signal.addEventListener("abort", () => void session.close(0), { once: true });
    try {
      for (let ended = false; !ended && !signal.aborted;) {
        ({ ended } = await session.read());
        this.#sample(false);
        await yielder.afterRead(true);
      }
    } finally {
      await session.close(0);
    }
  }

  /** A sample takes as long as hundreds of packets: limits their rate. */
  #sample(isNow: boolean): void {
    const nowMs = performance.now();
    if (!isNow && nowMs - this.#sampledAtMs < SAMPLE_INTERVAL_MS) return;
    this.#sampledAtMs = nowMs;
    this.#peakMib = Math.max(this.#peakMib, rssMib());
  }
}

if (import.meta.main) {
  const [url = "", udpPort] = Deno.args;
  await print(
    JSON.stringify(
      await new Measurement(url, udpPort === undefined ? null : Number(udpPort)).run(),
    ),
  );
}
