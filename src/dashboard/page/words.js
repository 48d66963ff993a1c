// @ts-check
/** States, reasons and figures in words, each problem with its remedy. */

/** @typedef {import("./api.js").Status["cameras"][number]} Camera */

/** @type {Readonly<Record<string, readonly [says: string, remedy: string]>>} */
const REASONS = {
  WAITING_FOR_KEYFRAME: [
    "Packets arrive, but none yet that decoding can start with.",
    "A shorter keyframe interval in the camera helps; with decode: keyframes, set decode: auto.",
  ],
  RESTARTING: ["Its thread failed and is started again.", "The log names the cause."],
  ENDED: ["The file has ended.", "Set loop to have it start again."],
  NO_PICTURE: ["Packets arrive, but decoding gives no picture.", "Check decode and decoder."],
  CAMERA_PARKED: [
    "Its thread failed too often and rests.",
    "It is tried again every five minutes; the log names the cause.",
  ],
  STREAM_NAME_UNKNOWN: ["The host name is not known.", "Check the name, and the name server."],
  STREAM_UNREACHABLE: ["The camera cannot be reached.", "Check the network and the route to it."],
  STREAM_REFUSED: [
    "The camera refuses the connection.",
    "Check the port, and that RTSP is enabled in the camera.",
  ],
  STREAM_TIMEOUT: [
    "The camera does not answer in time.",
    "Restart the camera if that persists.",
  ],
  STREAM_STALLED: [
    "The camera is connected and sends no video.",
    "Restart the camera if that persists.",
  ],
  STREAM_UNAUTHORISED: [
    "The camera does not accept user and password.",
    "Check both; special characters must be percent-encoded.",
  ],
  STREAM_AUTH_UNSUPPORTED: [
    "The camera asks for an authentication scheme that Orion lacks.",
    "Set it to Digest with MD5 or SHA-256.",
  ],
  STREAM_FORBIDDEN: [
    "That user may not view the stream.",
    "Give the user the right to view it in the camera.",
  ],
  STREAM_NOT_FOUND: ["The camera has no stream at this path.", "Check the path."],
  STREAM_NO_VIDEO: ["There is no video at this address.", "Check the path, and track."],
  STREAM_CODEC: [
    "No decoder for this codec.",
    "Choose another codec in the camera, or install its decoder.",
  ],
  STREAM_TOO_LARGE: [
    "The pictures are larger than maxPixels.",
    "Choose a smaller resolution in the camera, or a larger maxPixels.",
  ],
  STREAM_PICTURE_REFUSED: [
    "The pictures are put together as no encoder does.",
    "Check that it is the camera that sends them.",
  ],
  STREAM_DECODE_BUDGET: [
    "Decoding takes far longer than pictures of this size justify.",
    "Check that it is the camera that sends them.",
  ],
  STREAM_TRANSPORT: ["The camera does not offer this transport.", "Set transport to the other."],
  STREAM_REDIRECT: [
    "The camera redirects to another host.",
    "Use that address, or allow it with allowRedirect.",
  ],
  STREAM_BANDWIDTH: [
    "The camera is busy.",
    "Close other viewers, or lower its bit rate.",
  ],
  STREAM_UNAVAILABLE: ["The camera is busy.", "Close other viewers, or lower its bit rate."],
  STREAM_SESSION: ["The camera dropped the session.", "Orion opens a new one by itself."],
  STREAM_TLS_UNTRUSTED: [
    "The camera's certificate is not trusted.",
    "Set ca, or the fingerprint that orion probe names.",
  ],
  STREAM_TLS_NAME: [
    "The certificate is for another name.",
    "Use the name that the certificate is for.",
  ],
  STREAM_TLS_EXPIRED: ["The certificate has expired.", "Renew it, and check both clocks."],
  STREAM_TLS_FINGERPRINT: [
    "The certificate is not the configured one.",
    "It was renewed, or another host answers: check which.",
  ],
  STREAM_TLS: ["The camera speaks no TLS 1.2 on that port.", "Check the port."],
  STREAM_PROTOCOL: ["Only rtsp://, rtsps:// and files are opened.", "Check the address."],
  STREAM_INVALID: ["The server does not speak RTSP.", "Check the address and the port."],
  STREAM_SERVER: [
    "The camera refuses the request.",
    "Check the path; restart it if that persists.",
  ],
  STREAM_FAILED: ["The stream failed.", "Check the camera and the network."],
  STREAM_INTERRUPTED: ["Orion ended the connection itself.", "It connects again by itself."],
  STREAM_DECODER: ["The configured decoder is not there.", "Set decoder to auto."],
  STREAM_OPTION: [
    "The library for streams lacks an option.",
    "Install a release that is supported.",
  ],
  FILE_NOT_FOUND: [
    "There is no such file.",
    "Check the path; Orion's user must be able to read it.",
  ],
  FILE_DENIED: ["Orion's user may not read the file.", "Give that user the right to read it."],
  STREAM_ENDED: ["The camera closed the stream.", "Orion connects again by itself."],
};

/** @type {readonly [says: string, remedy: string]} */
const UNKNOWN = ["See the log for this code.", ""];

/** @type {Readonly<Record<Camera["state"], string>>} */
const STATES = {
  connecting: "Connecting",
  online: "Online",
  stalled: "Stalled",
  offline: "Offline",
};

/** @type {Readonly<Record<string, string>>} */
const ENDS = {
  left: "left",
  camera_lost: "the camera was lost",
  detector_lost: "the detector was lost",
  paused: "detection was paused",
  restart: "found open after a restart",
  shutdown: "Orion stopped",
};

/** @type {Readonly<Record<string, string>>} */
const LEVELS = {
  none: "nothing, since no detector needs a picture",
  keyframes: "keyframes alone",
  gop: "from each keyframe to the last picture that is due",
  nonref: "all but pictures that no other refers to",
  all: "everything",
  auto: "what some detector will take",
};

/** @param {Camera["state"]} state */
export function stateWord(state) {
  return STATES[state];
}

/**
 * What a camera's reason means and what to do; null without one. Where the service has an error for it,
 * that says more.
 * @param {Pick<Camera, "reason" | "error">} camera
 * @returns {{ code: string, says: string, remedy: string } | null}
 */
export function reasonWords({ reason, error }) {
  if (reason === null) return null;
  const [says, remedy] = REASONS[reason] ?? UNKNOWN;
  const exact = error?.code === reason ? `${error.message}. ${error.remedy}` : null;
  return { code: reason, says, remedy: exact ?? remedy };
}

/** @param {string} level */
export function levelWords(level) {
  return LEVELS[level] ?? level;
}

/** @param {string | null} reason */
export function endWords(reason) {
  return reason === null ? "here now" : ENDS[reason] ?? reason;
}

/** @param {number} seconds */
export function durationText(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

/**
 * The age of a picture, in milliseconds while that says something.
 * @param {number} ms
 */
export function ageText(ms) {
  return ms < 9_995 ? `${Math.max(0, Math.round(ms))} ms` : durationText(ms / 1000);
}

/** @param {string} iso */
export function timeText(iso) {
  return new Date(iso).toLocaleTimeString([], { hour12: false });
}

/** @param {string} iso */
export function dayText(iso) {
  return new Date(iso).toLocaleDateString([], { weekday: "short", day: "numeric", month: "short" });
}

/** @param {number} bytes */
export function bytesText(bytes) {
  const mib = bytes / 1024 / 1024;
  return mib < 1024 ? `${mib.toFixed(mib < 10 ? 1 : 0)} MiB` : `${(mib / 1024).toFixed(2)} GiB`;
}

/**
 * A rate as people write it.
 * @param {number} value
 */
export function rateText(value) {
  return String(Number(value.toFixed(value < 1 ? 2 : 1)));
}

/** @param {number} share */
export function percentText(share) {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

/**
 * `person ×2, dog`, or `nothing`.
 * @param {Readonly<Record<string, number>>} counts
 */
export function countsText(counts) {
  const parts = Object.entries(counts).filter(([, count]) => count > 0)
    .map(([name, count]) => count === 1 ? name : `${name} ×${count}`);
  return parts.length === 0 ? "nothing" : parts.join(", ");
}

const ACROSS = ["left", "middle", "right"];
const DOWN = ["top", "middle", "bottom"];

/**
 * A way through a picture: from the bottom left to the middle.
 * @param {readonly (readonly [x: number, y: number])[]} path
 */
export function pathWords(path) {
  const [first, last] = [path[0], path.at(-1)];
  if (first === undefined || last === undefined) return "not known";
  const [from, to] = [placeWord(first), placeWord(last)];
  return from === to ? `around the ${from}` : `from the ${from} to the ${to}`;
}

/** @param {readonly [x: number, y: number]} point */
function placeWord([x, y]) {
  const across = ACROSS[Math.min(2, Math.floor(x * 3))] ?? "";
  const down = DOWN[Math.min(2, Math.floor(y * 3))] ?? "";
  return across === down ? across : down === "middle" ? across : `${down} ${across}`;
}
