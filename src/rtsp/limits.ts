/** Limits of what a server may send: a message beyond them is rejected, never buffered. */

/** The start line and all headers of one message. Real cameras stay below 4 KiB. */
export const MAX_HEADER_BYTES = 32 * 1024;
/** Headers of one message; continuation lines count as part of their header. */
export const MAX_HEADERS = 128;
/** The body of one message; session descriptions of cameras have 1 to 4 KiB. */
export const MAX_BODY_BYTES = 256 * 1024;
/** Blank lines skipped before a message (RFC 2326 4.1 allows some). */
export const MAX_BLANK_LINES = 32;

/** Media sections (`m=`) of one session description. */
export const MAX_TRACKS = 32;
/** One line of a session description; lines with parameter sets are the longest. */
export const MAX_SDP_LINE_CHARS = 32 * 1024;
/** Lines of one session description. */
export const MAX_SDP_LINES = 4096;
/** Parameter sets of one kind in a session description: H.264 allows 32 SPS. */
export const MAX_PARAMETER_SETS = 32;
/** Payload types of one media section: there are only 128. */
export const MAX_PAYLOAD_TYPES = 128;

/** One `WWW-Authenticate` header; longer ones are truncated. */
export const MAX_CHALLENGE_CHARS = 4096;
/** Challenges of one response. */
export const MAX_CHALLENGES = 16;

/** A server's reason phrase in an error message. */
export const MAX_SERVER_TEXT_CHARS = 80;
/** The longest accepted `Retry-After`: a camera must not disable itself for good. */
export const MAX_RETRY_AFTER_MS = 60 * 60 * 1000;

/** One access unit, unless configured otherwise. */
export const MAX_UNIT_BYTES = 8 * 1024 * 1024;
