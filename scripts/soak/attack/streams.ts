/** Hostile cameras: with every connection another mutated stream, description or fault. */
import { ALLOWED_SIZES, damaged, SIZES } from "../../../tests/fuzz/decoding/damage.ts";
import { corpora, type Corpus } from "../../../tests/fuzz/decoding/streams.ts";
import { DESCRIPTIONS } from "../../../tests/fuzz/corpus/sdp.ts";
import { mutated, pick, type Random, seededRandom } from "../../../tests/fuzz/mutate.ts";
import { FaultyCamera } from "../../../tests/support/cameras/faulty_camera/camera.ts";
import type { CameraClip } from "../../../tests/support/cameras/faulty_camera/clip.ts";
import type { Attack as Endless } from "../../../tests/support/cameras/faulty_camera/options.ts";
import type {
  AuthScheme,
  FaultyCameraOptions,
} from "../../../tests/support/cameras/faulty_camera/options.ts";
import { FloodCamera } from "../../../tests/support/cameras/flood_camera.ts";
import { FLOODS } from "../../../tests/support/cameras/floods.ts";
import { nalUnits } from "../../../tests/support/cameras/rtp_h264.ts";
import { PASSWORD, USER } from "../../../tests/support/product/secrecy.ts";
import type { FedUnit } from "../../../tests/support/streams/packet_feed.ts";
import { type Attack, pause, type Tally } from "./pace.ts";

/** How long a hostile camera stays after its first connection; then the next one takes its port. */
const STAY_MS = 900;
/** One that sends as fast as it can: what it costs the machine is the attacker's share too. */
const FLOOD_MS = 60;
/** How long it waits for a connection. */
const CONNECT_MS = 5000;
const POLL_MS = 20;
/** Damaged streams of a dozen pictures that one connection plays, and their pictures a second. */
const STREAMS = 6;
const FPS = 90;
const QUIET_FPS = 5;
const TOO_LARGE_EVERY = 40;

const ENDLESS: readonly [Endless, ...Endless[]] = [
  "endless-status-line",
  "endless-header",
  "endless-body",
  "huge-content-length",
  "negative-content-length",
  "garbage-frames",
  "endless-fragments",
  "endless-junk",
];
const SCHEMES: readonly [AuthScheme, ...AuthScheme[]] = [
  "basic",
  "digest-md5",
  "digest-sha256",
  "auth-int",
  "unknown-algorithm",
  "unknown-scheme",
];
const STAGES = ["accept", "OPTIONS", "DESCRIBE", "SETUP", "PLAY", "frame"] as const;
const WORDS = [
  "\r\n",
  "a=",
  "m=video",
  "0",
  "-1",
  "99999999999",
  "rtsp://127.0.0.2/",
  "\0",
] as const;
const FLOOD_NAMES: readonly [typeof FLOODS[number], ...typeof FLOODS[number][]] = [
  "headers",
  ...FLOODS,
];

/** The clips that hostile cameras damage. */
export type Clips = readonly [Corpus, ...Corpus[]];

/** Encodes them: those that are played over RTP. */
export async function clips(): Promise<Clips> {
  const [first, ...others] = (await corpora()).filter(({ codec }) => codecOf(codec) !== null);
  if (first === undefined) throw new Error("no clip");
  return [first, ...others];
}

function codecOf(name: string): CameraClip["codec"] | null {
  return name === "h264" ? "h264" : name === "hevc" ? "h265" : null;
}

function clipOf({ codec, streams }: Corpus, units: readonly FedUnit[]): CameraClip {
  const pictures = units.map(({ data, isKey }) => ({ units: nalUnits(data), isKey }))
    .filter(({ units }) => units.length > 0);
  const sets = nalUnits(streams[0]?.[0]?.data ?? new Uint8Array()).slice(0, 3);
  return { codec: codecOf(codec) ?? "h264", pictures, parameterSets: sets };
}

/** A fault besides the damage of the stream; none, most of the time. */
function fault(random: Random): Partial<FaultyCameraOptions> {
  const n = 1 + random(20);
  switch (random(20)) {
    case 0:
      return { attack: pick(random, ENDLESS) };
    case 1:
    case 2: {
      const text = mutated(random, [encoded(pick(random, DESCRIPTIONS))], WORDS);
      return { description: { text: new TextDecoder("latin1").decode(text) } };
    }
    case 3:
      return { description: { sprop: "empty", control: { prefix: "../%00" } } };
    case 4:
      return { auth: { scheme: pick(random, SCHEMES), user: USER, password: PASSWORD } };
    case 5:
      return { auth: { scheme: "basic-digest", downgrades: true, user: USER, password: PASSWORD } };
    case 6:
      return {
        stamps: { isConstant: random(2) === 0, outlier: { everyFrames: n, bySeconds: 1e6 } },
      };
    case 7:
      return { packets: { dropEvery: n, emptyEvery: n + 1, strangeSsrcEvery: n + 2 } };
    case 8:
      return {
        packets: { marker: "never", extensionWords: random(3), payloadTypeOffset: random(3) },
      };
    case 9:
      return {
        wire: { junkEveryFrames: n, strayChannelEveryFrames: n, splitBytes: 1 + random(50) },
      };
    case 10:
      return { ending: { freezeAt: pick(random, STAGES) } };
    case 11: {
      const location = pick(random, ["rtsp://127.0.0.2:1/x", "http://127.0.0.1/", "", "rtsp://["]);
      return { control: { redirect: { status: 302, location } } };
    }
    case 12:
      return {
        control: { ownChannel: 250 + random(10), sessionId: "\t;timeout=-1", ssrc: "wrong" },
      };
    default:
      return {};
  }
}

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** One port, behind which a quiet camera or one hostile camera after another listens. */
export class HostileSlot implements AsyncDisposable {
  readonly #port: number;
  readonly #clips: Clips;
  readonly #random: Random;
  readonly #sent: Tally;
  /** Ends the present camera. */
  #change = new AbortController();
  #isHostile = false;
  #isOver = false;
  readonly #running: Promise<void>;

  constructor(port: number, { clips, sent, seed }: { clips: Clips; sent: Tally; seed: number }) {
    this.#port = port;
    this.#clips = clips;
    this.#random = seededRandom(seed);
    this.#sent = sent;
    this.#running = this.#run();
  }

  set isHostile(isHostile: boolean) {
    this.#isHostile = isHostile;
    this.#change.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#change.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      this.#change = new AbortController();
      if (!this.#isHostile) await this.#quiet();
      else if (this.#random(12) === 0) await this.#flood();
      else await this.#hostile();
    }
  }

  async #quiet(): Promise<void> {
    const [corpus] = this.#clips;
    const clip = clipOf(corpus, corpus.streams[0] ?? []);
    await using _camera = FaultyCamera.start({
      ...{ port: this.#port, clip, playback: { fps: QUIET_FPS } },
    });
    await new Promise((resolve) => this.#change.signal.addEventListener("abort", resolve));
  }

  async #hostile(): Promise<void> {
    const random = this.#random;
    const corpus = pick(random, this.#clips);
    // A stream whose pictures are too large is connected to again after a minute only.
    const sizes = random(TOO_LARGE_EVERY) === 0 ? SIZES : ALLOWED_SIZES;
    const units = Array.from({ length: STREAMS }, () => damaged(random, corpus, sizes)).flat();
    const clip = clipOf(corpus, units);
    if (clip.pictures.length === 0) return;
    const options = fault(random);
    await using camera = FaultyCamera.start({
      ...{ port: this.#port, clip, playback: { fps: FPS }, ...options },
    });
    await this.#until(() => camera.log.connections.length > 0, CONNECT_MS);
    const isFlood = options.attack !== undefined;
    await pause(isFlood ? FLOOD_MS : STAY_MS, this.#change.signal);
    this.#sent.add("hostile RTSP sessions", camera.log.connections.length);
    const played = camera.log.frames.length / clip.pictures.length * STREAMS;
    this.#sent.add("mutated streams", Math.min(STREAMS, Math.floor(played)));
  }

  async #flood(): Promise<void> {
    await using camera = FloodCamera.start(pick(this.#random, FLOOD_NAMES), this.#port);
    // The first connection plays an ordinary stream.
    await this.#until(() => camera.connections > 1, CONNECT_MS);
    await pause(FLOOD_MS, this.#change.signal);
    this.#sent.add("floods", camera.connections > 1 ? 1 : 0);
    this.#sent.add("hostile RTSP sessions", camera.connections);
  }

  async #until(holds: () => boolean, limitMs: number): Promise<void> {
    const untilMs = performance.now() + limitMs;
    while (!holds() && !this.#change.signal.aborted && performance.now() < untilMs) {
      await pause(POLL_MS, this.#change.signal);
    }
  }
}

/** Makes the cameras hostile until the signal. */
export function attackStreams(slots: readonly HostileSlot[]): Attack {
  return async (_context, signal) => {
    for (const slot of slots) slot.isHostile = true;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    for (const slot of slots) slot.isHostile = false;
  };
}
