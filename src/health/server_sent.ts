/** Server-sent events, as bytes. */

const encoder = new TextEncoder();

/**
 * One event.
 * @param data  one line
 * @param id  what a reader that comes again names as the last that it had
 */
export function serverSentEvent(event: string, data: string, id: string | null): Uint8Array {
  const first = id === null ? "" : `id: ${id}\n`;
  return encoder.encode(`${first}event: ${event}\ndata: ${data}\n\n`);
}

/** What a stream begins with: the id of what came before it, and when to come again after it breaks. */
export function serverSentStart(id: string, retryMs: number): Uint8Array {
  return encoder.encode(`retry: ${retryMs}\nid: ${id}\n\n`);
}

/** A comment: keeps the connection open. */
export const HEARTBEAT: Uint8Array = encoder.encode(":\n\n");
