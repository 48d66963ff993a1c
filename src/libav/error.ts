import { OrionError } from "../core/errors.ts";
import { redactText } from "../core/redact.ts";

/** libav's return codes that Orion distinguishes (Linux). */
export const AVERROR = {
  EAGAIN: -11,
  ENOENT: -2,
  EIO: -5,
  EACCES: -13,
  EINVAL: -22,
  EPIPE: -32,
  ENETUNREACH: -101,
  ECONNRESET: -104,
  ETIMEDOUT: -110,
  ECONNREFUSED: -111,
  EHOSTUNREACH: -113,
  EOF: -541478725,
  EXIT: -1414092869,
  INVALIDDATA: -1094995529,
  PROTOCOL_NOT_FOUND: -1330794744,
  DEMUXER_NOT_FOUND: -1296385272,
  DECODER_NOT_FOUND: -1128613112,
  STREAM_NOT_FOUND: -1381258232,
  OPTION_NOT_FOUND: -1414549496,
  HTTP_UNAUTHORIZED: -825242872,
  HTTP_FORBIDDEN: -858797304,
  HTTP_NOT_FOUND: -875574520,
  HTTP_OTHER_4XX: -1482175736,
  HTTP_SERVER_ERROR: -1482175992,
} as const;

/** The codes of a {@link LibavError}. */
export type LibavCode =
  | "FILE_NOT_FOUND"
  | "FILE_DENIED"
  | "STREAM_CODEC"
  | "STREAM_DECODER"
  | "STREAM_ENDED"
  | "STREAM_FAILED"
  | "STREAM_INTERRUPTED"
  | "STREAM_INVALID"
  | "STREAM_NOT_FOUND"
  | "STREAM_NO_VIDEO"
  | "STREAM_OPTION"
  | "STREAM_PROTOCOL"
  | "STREAM_REFUSED"
  | "STREAM_SERVER"
  | "STREAM_TIMEOUT"
  | "STREAM_UNAUTHORISED"
  | "STREAM_UNREACHABLE";

interface Meaning {
  readonly retryable: boolean;
  readonly remedy: string;
}

const again = (remedy: string): Meaning => ({ retryable: true, remedy });
const final = (remedy: string): Meaning => ({ retryable: false, remedy });

const MEANINGS: Readonly<Record<LibavCode, Meaning>> = {
  FILE_NOT_FOUND: final("Check the path; it must exist and be readable by this user."),
  FILE_DENIED: final("Let this user read the file."),
  STREAM_CODEC: final("Choose another codec in the camera, or a libav that can decode this one."),
  STREAM_DECODER: final("Set the camera's decoder to auto, or to one that this libav has."),
  STREAM_ENDED: again("The camera closed the stream; Orion connects again."),
  STREAM_FAILED: again("Check the camera and the network."),
  STREAM_INTERRUPTED: again(
    "Orion ended the call itself; it connects again unless it is stopping.",
  ),
  STREAM_INVALID: again(
    "Check that the address is a video stream, and no list that leads to other addresses; then the " +
      "camera's settings.",
  ),
  STREAM_NOT_FOUND: again("Check the path in the camera's URL."),
  STREAM_NO_VIDEO: again("Use the address of a stream that carries video."),
  STREAM_OPTION: final("This is a defect in Orion: please report it with the log."),
  STREAM_PROTOCOL: final("Use rtsp://, rtsps:// or a file, and a libav built with it."),
  STREAM_REFUSED: again("Check the port, and that the camera's RTSP service is switched on."),
  STREAM_SERVER: again("The camera reports a fault of its own; restart it if that stays."),
  STREAM_TIMEOUT: again("Check that the camera is switched on and reachable from here."),
  STREAM_UNAUTHORISED: again("Check the user and the password in the camera's URL."),
  STREAM_UNREACHABLE: again("Check the host name and the network."),
};

/** Codes that do not depend on the operation. */
const CODES: ReadonlyMap<number, LibavCode> = new Map([
  [AVERROR.EACCES, "FILE_DENIED"],
  [AVERROR.EPIPE, "STREAM_ENDED"],
  [AVERROR.ENETUNREACH, "STREAM_UNREACHABLE"],
  [AVERROR.ECONNRESET, "STREAM_ENDED"],
  [AVERROR.ETIMEDOUT, "STREAM_TIMEOUT"],
  [AVERROR.ECONNREFUSED, "STREAM_REFUSED"],
  [AVERROR.EHOSTUNREACH, "STREAM_UNREACHABLE"],
  [AVERROR.EOF, "STREAM_ENDED"],
  [AVERROR.EXIT, "STREAM_INTERRUPTED"],
  [AVERROR.INVALIDDATA, "STREAM_INVALID"],
  [AVERROR.PROTOCOL_NOT_FOUND, "STREAM_PROTOCOL"],
  [AVERROR.DEMUXER_NOT_FOUND, "STREAM_PROTOCOL"],
  [AVERROR.DECODER_NOT_FOUND, "STREAM_CODEC"],
  [AVERROR.STREAM_NOT_FOUND, "STREAM_NO_VIDEO"],
  [AVERROR.OPTION_NOT_FOUND, "STREAM_OPTION"],
  [AVERROR.HTTP_UNAUTHORIZED, "STREAM_UNAUTHORISED"],
  [AVERROR.HTTP_FORBIDDEN, "STREAM_UNAUTHORISED"],
  [AVERROR.HTTP_NOT_FOUND, "STREAM_NOT_FOUND"],
  [AVERROR.HTTP_OTHER_4XX, "STREAM_SERVER"],
  [AVERROR.HTTP_SERVER_ERROR, "STREAM_SERVER"],
]);

/** Maps a return code, which may depend on whether a source is being opened. */
export function libavCode(averror: number, opening = false): LibavCode {
  if (averror === AVERROR.ENOENT) return "FILE_NOT_FOUND";
  // libav reports an unresolvable host name as an I/O error.
  if (averror === AVERROR.EIO && opening) return "STREAM_UNREACHABLE";
  return CODES.get(averror) ?? "STREAM_FAILED";
}

/** The parameters of a {@link LibavError}. */
export interface LibavFailure {
  /** "Cannot open rtsp://…"; credentials are redacted. */
  readonly action: string;
  /** libav's return code, negative. */
  readonly averror: number;
  /** The text of `av_strerror`. */
  readonly text: string;
  /** Overrides {@link libavCode}. */
  readonly code?: LibavCode | undefined;
  readonly opening?: boolean | undefined;
}

/** A libav function failed, or returned a result that Orion cannot use. */
export class LibavError extends OrionError {
  override readonly name = "LibavError";
  /** libav's return code: negative. */
  readonly averror: number;

  constructor(failure: LibavFailure) {
    const code = failure.code ?? libavCode(failure.averror, failure.opening);
    super({ code, message: redactText(`${failure.action}: ${failure.text}`), ...MEANINGS[code] });
    this.averror = failure.averror;
  }
}
