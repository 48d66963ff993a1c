/** A failure as data: a stable code, whether a retry can help, and a remedy. */
export interface ErrorData {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  /** One sentence that names the remedy. */
  readonly remedy: string;
  /** Each thing that is wrong, where there are several with a place of their own. */
  readonly problems?: readonly ErrorProblem[];
}

/** One thing that is wrong in a configuration, and its remedy. */
export interface ErrorProblem {
  /** `cameras[0].url`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
  /** Line in the file, counted from 1. */
  readonly line?: number;
}

/**
 * The base of every error that Orion raises on purpose.
 *
 * `message` states the action and what was found; `remedy` states what to do. Neither may hold a
 * credential: pass texts with URLs through `redactText` first.
 */
export class OrionError extends Error implements ErrorData {
  override readonly name: string = "OrionError";
  readonly code: string;
  readonly retryable: boolean;
  readonly remedy: string;
  readonly problems: readonly ErrorProblem[];

  constructor(data: ErrorData, options?: ErrorOptions) {
    super(data.message, options);
    this.code = data.code;
    this.retryable = data.retryable;
    this.remedy = data.remedy;
    this.problems = data.problems ?? [];
  }

  /** The error as plain data: `postMessage` would flatten the class and lose its code. */
  toData(): ErrorData {
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      remedy: this.remedy,
      ...this.problems.length === 0 ? {} : { problems: this.problems },
    };
  }
}

/** Invalid command line: exit code 2. */
export class UsageError extends OrionError {
  override readonly name = "UsageError";
  constructor(message: string, remedy = "Run with --help to see the commands and options.") {
    super({ code: "USAGE", message, retryable: false, remedy });
  }
}

/** A native library is missing, or of an unknown version or struct layout. */
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

/** The broker could not be reached, or refused the connection. */
export class BrokerError extends OrionError {
  override readonly name = "BrokerError";
}

/** A call in a state that does not allow it: a defect in Orion. */
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

/** How a failed system call names what ran out, and what gives more of it. */
const SYSTEM_LIMITS: readonly (readonly [names: RegExp, remedy: string])[] = [
  [
    /\(os error 2[34]\)|\bE[MN]FILE\b/,
    "Allow more open files: `ulimit -n`, or LimitNOFILE of the unit.",
  ],
  [
    /\(os error 11\)/,
    "Allow more threads: TasksMax of the unit, or the limit of processes of the user or container.",
  ],
  [/\(os error 12\)|\bENOMEM\b/, "Allow more memory: MemoryMax of the unit, or fewer cameras."],
  [/\(os error (28|122)\)|\bENOSPC\b/, "Free space on the disk."],
];

/** The error of a system that has run out of something: no defect of Orion. null: it is another one. */
export function systemLimit(message: string): ErrorData | null {
  const limit = SYSTEM_LIMITS.find(([names]) => names.test(message));
  return limit === undefined
    ? null
    : { code: "SYSTEM_LIMIT", message, retryable: true, remedy: limit[1] };
}

/**
 * Converts anything thrown to data: an {@link OrionError} keeps its code, a limit of the system is
 * `SYSTEM_LIMIT`, everything else is `INTERNAL`.
 */
export function errorData(error: unknown): ErrorData {
  if (error instanceof OrionError) return error.toData();
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return systemLimit(message) ?? {
    code: "INTERNAL",
    message,
    retryable: true,
    remedy: "This is a defect in Orion: please report it with the log.",
  };
}

/** Restores an error from data, on the other side of a thread boundary. */
export function errorFromData(data: ErrorData): OrionError {
  return new OrionError(data);
}
