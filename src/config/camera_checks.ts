/** Checks between the keys of one camera, on data that may be wrong elsewhere. */
import { type FoundProblem, lookUp } from "./issues.ts";
import { udpPorts } from "./settings.ts";
import { parseCameraUrl } from "./urls.ts";

/** A camera as written. */
interface Written {
  readonly index: number;
  readonly kind: "rtsp" | "rtsps" | "file";
  readonly demuxer: "orion" | "libav";
  readonly transport: unknown;
  /** Whether a key is set to anything but its default. */
  has(key: string): boolean;
}

type Found = Pick<FoundProblem, "message" | "remedy">;

/** Keys that determine how the camera is authenticated over TLS. */
const TLS_KEYS = ["ca", "fingerprint", "insecure"];

/** Keys that only Orion's own RTSP supports. */
const OWN_KEYS = ["track", "ca", "fingerprint", "allowRedirect", "maxUnitBytes", "udpPort"];

/** Keys that only apply to network streams. */
const NETWORK_KEYS = ["demuxer", "transport", "insecure", ...OWN_KEYS];

/** Finds contradictions within and between the cameras of a configuration. */
export function cameraProblems(value: unknown): FoundProblem[] {
  const cameras = lookUp(value, ["cameras"]);
  if (!Array.isArray(cameras)) return [];
  const written = cameras.flatMap((camera, index) => writtenCamera(camera, index) ?? []);
  return [...written.flatMap(keyProblems), ...portProblems(cameras)];
}

/** @returns null when the URL is invalid, which the schema reports */
function writtenCamera(camera: unknown, index: number): Written | null {
  const url = lookUp(camera, ["url"]);
  const parsed = typeof url === "string" ? parseCameraUrl(url) : null;
  if (!parsed?.ok) return null;
  const { kind } = parsed.value;
  return {
    index,
    kind: kind === "demo" ? "file" : kind,
    demuxer: lookUp(camera, ["demuxer"]) === "libav" ? "libav" : "orion",
    transport: lookUp(camera, ["transport"]),
    has: (key) => {
      const given = lookUp(camera, [key]);
      if (given === undefined || (Array.isArray(given) && given.length === 0)) return false;
      return !DEFAULTS.some(([name, value]) => name === key && value === given);
    },
  };
}

/** Values that mean the same as omitting the key. */
const DEFAULTS: readonly (readonly [string, unknown])[] = [
  ["insecure", false],
  ["transport", "tcp"],
  ["track", "auto"],
];

/** At most one problem for each key. */
function keyProblems(camera: Written): FoundProblem[] {
  return NETWORK_KEYS.flatMap((key): FoundProblem[] => {
    if (!camera.has(key)) return [];
    const found = problemOf(camera, key);
    return found === null ? [] : [{ at: ["cameras", camera.index, key], ...found }];
  });
}

function problemOf(camera: Written, key: string): Found | null {
  if (camera.kind === "file") {
    // Files are read by libav in any case.
    if (key === "demuxer" && camera.demuxer === "libav") return null;
    return {
      message: "has no meaning for file: and demo:, which are read from the disk by libav",
      remedy: "Remove this key.",
    };
  }
  if (camera.demuxer === "libav") {
    const auto = key === "transport" && camera.transport === "auto";
    if (auto || OWN_KEYS.includes(key)) {
      return {
        message: auto
          ? "cannot be auto with demuxer: libav"
          : "is not supported with demuxer: libav",
        remedy: auto
          ? "Set transport to tcp or udp, or remove demuxer: libav."
          : "Remove this key, or remove demuxer: libav.",
      };
    }
  }
  if (TLS_KEYS.includes(key)) return tlsProblem(camera, key);
  if (key === "transport" && camera.kind === "rtsps") {
    return {
      message: "rtsps:// encrypts what travels over TCP; over UDP the pictures would be in clear",
      remedy: "Set transport: tcp, or remove this key.",
    };
  }
  if (key === "udpPort" && !["udp", "auto"].some((one) => one === camera.transport)) {
    return {
      message: "is used with transport: udp and auto only",
      remedy: "Set transport, or remove this key.",
    };
  }
  return null;
}

function tlsProblem(camera: Written, key: string): Found | null {
  if (camera.kind !== "rtsps") {
    // Authorities do no harm where nothing is verified: a warning says so.
    return key === "ca" ? null : {
      message: "is used with rtsps:// only",
      remedy: "Change the url to rtsps://, or remove this key.",
    };
  }
  const before = TLS_KEYS.slice(0, TLS_KEYS.indexOf(key)).find((other) => camera.has(other));
  if (before === undefined) return null;
  return {
    message:
      `cannot be combined with ${before}: only one of them can decide which certificate is accepted`,
    remedy: `Remove ${before} or ${key}.`,
  };
}

/** Checks that each camera has two UDP ports of its own: an even one and the next. */
function portProblems(cameras: readonly unknown[]): FoundProblem[] {
  const taken = new Map<number, number>();
  return cameras.flatMap((camera, index): FoundProblem[] => {
    const transport = lookUp(camera, ["transport"]);
    const written = lookUp(camera, ["udpPort"]);
    if (transport !== "udp" && transport !== "auto") return [];
    const at = ["cameras", index, "udpPort"];
    const port = written ?? udpPorts(index)[0];
    if (typeof port !== "number" || !Number.isInteger(port)) return [];
    if (port % 2 === 1) {
      const remedy = `Write an even number, such as ${port - 1}.`;
      return [{ at, message: "is odd: RTP is received on an even port", remedy }];
    }
    const other = taken.get(port);
    taken.set(port, index);
    if (other === undefined) return [];
    const remedy = "Give each camera two ports of its own.";
    return [{ at, message: `cameras[${other}] has the ports ${port} and ${port + 1}`, remedy }];
  });
}
