/** TCP connections of a test: what is written to them, and how many stay open. */

/** Writes all bytes, in one piece or in many. */
export async function writeAll(
  to: Deno.TcpConn,
  bytes: Uint8Array,
  stepBytes: number,
): Promise<void> {
  const step = Math.max(stepBytes, Math.ceil(bytes.length / 100));
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at, at + step));
}

/** Open connections, all closed when disposed. */
export class OpenConnections implements Disposable {
  readonly #open: Deno.TcpConn[] = [];

  add(connection: Deno.TcpConn): void {
    this.#open.push(connection);
  }

  /** Closes the oldest ones beyond a number. */
  keep(most: number): void {
    while (this.#open.length > most) this.#open.shift()?.close();
  }

  [Symbol.dispose](): void {
    this.keep(0);
  }
}
