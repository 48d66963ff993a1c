/** The bounds of what a server may send: past any of them a message is refused, never buffered. */

/** The start line and all headers of one message. Real cameras stay below 4 KiB. */
export const MAX_HEADER_BYTES = 32 * 1024;
/** Header lines of one message, continuation lines counted with their header. */
export const MAX_HEADERS = 128;
/** The body of one message; a session description of a camera has 1 to 4 KiB. */
export const MAX_BODY_BYTES = 256 * 1024;
/** Blank lines skipped before a message (RFC 2326 4.1 lets a server send some). */
export const MAX_BLANK_LINES = 32;

/** Media sections (`m=`) of one session description. */
export const MAX_TRACKS = 32;
/** One line of a session description; parameter sets in it are the longest. */
export const MAX_SDP_LINE_CHARS = 32 * 1024;
/** Lines of one session description. */
export const MAX_SDP_LINES = 4096;
/** Parameter sets of one kind that are taken from a session description: H.264 allows 32 SPS. */
export const MAX_PARAMETER_SETS = 32;
/** Payload types looked at in one media section: there are only 128. */
export const MAX_PAYLOAD_TYPES = 128;

/** One `WWW-Authenticate` header; what follows is not looked at. */
export const MAX_CHALLENGE_CHARS = 4096;
/** Challenges of one answer. */
export const MAX_CHALLENGES = 16;

/** A server's words in an error message. */
export const MAX_SERVER_TEXT_CHARS = 80;
/** The longest wait that a `Retry-After` is believed; a camera must not be able to silence itself. */
export const MAX_RETRY_AFTER_MS = 60 * 60 * 1000;

/** One access unit, unless the configuration says otherwise. */
export const MAX_UNIT_BYTES = 8 * 1024 * 1024;
