/** What every failure tells: a stable code, whether trying again can help, and what the person should do. */
export interface ErrorData {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  /** One sentence that names the remedy. */
  readonly remedy: string;
}

/**
 * The base of every error Orion raises on purpose.
 *
 * `message` states the action and what was found; `remedy` states what to do. Neither may hold a
 * credential: pass URLs through `redactUrl` first.
 */
export class OrionError extends Error implements ErrorData {
  override readonly name: string = "OrionError";
  readonly code: string;
  readonly retryable: boolean;
  readonly remedy: string;

  constructor(data: ErrorData, options?: ErrorOptions) {
    super(data.message, options);
    this.code = data.code;
    this.retryable = data.retryable;
    this.remedy = data.remedy;
  }

  /** The error as plain data: `postMessage` would flatten the class and lose its code. */
  toData(): ErrorData {
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      remedy: this.remedy,
    };
  }
}

/** Wrong words on the command line: exit code 2. */
export class UsageError extends OrionError {
  override readonly name = "UsageError";
  constructor(message: string, remedy = "Run with --help to see what is understood.") {
    super({ code: "USAGE", message, retryable: false, remedy });
  }
}

/** A native library is missing, of an unknown version, or lays its structs out in another way. */
export class LibraryError extends OrionError {
  override readonly name = "LibraryError";
}

/** A stream could not be opened, read or decoded. */
export class StreamError extends OrionError {
  override readonly name = "StreamError";
}

/** A model could not be read, loaded or run. */
export class ModelError extends OrionError {
  override readonly name = "ModelError";
}

/** The broker could not be reached or refused us. */
export class BrokerError extends OrionError {
  override readonly name = "BrokerError";
}

/** A call that the state of its object does not allow: a programming error, never the user's. */
export class LifecycleError extends OrionError {
  override readonly name = "LifecycleError";
  constructor(message: string) {
    super({
      code: "LIFECYCLE",
      message,
      retryable: false,
      remedy: "This is a defect in Orion: please report it with the log.",
    });
  }
}

/**
 * Anything thrown, as data: an {@link OrionError} keeps its code, everything else becomes `INTERNAL`.
 */
export function errorData(error: unknown): ErrorData {
  if (error instanceof OrionError) return error.toData();
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    code: "INTERNAL",
    message,
    retryable: true,
    remedy: "This is a defect in Orion: please report it with the log.",
  };
}

/** The error again, on the other side of a thread boundary. */
export function errorFromData(data: ErrorData): OrionError {
  return new OrionError(data);
}
