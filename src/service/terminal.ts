/** A standard stream of the process. */
export interface StandardStream {
  isTerminal(): boolean;
}

/**
 * Watches the terminal that the process was started from, if any.
 * @returns whether it is gone: the kernel then sends SIGHUP, and a stream on it is no terminal any more
 */
export function watchTerminal(
  streams: readonly StandardStream[] = [Deno.stdin, Deno.stdout, Deno.stderr],
): () => boolean {
  const terminals = streams.filter((stream) => stream.isTerminal());
  return () => terminals.some((stream) => !stream.isTerminal());
}
