import type { Cancel, Clock } from "../core/clock.ts";

/** A client that accepts nothing of what was sent for so long is given up. */
export const MAX_UNREAD_MS = 30_000;

/** What a response that lasts is made of. */
export interface BodySource {
  /** The next bytes, once there are some; null at the end. */
  take(): Promise<Uint8Array | null>;
  /** Ends it; idempotent. */
  close(): void;
}

/**
 * A body that takes the next bytes when the connection has accepted the last ones, and nothing before.
 * @param onEnd  called when either side has ended it
 */
export function pulledBody(source: BodySource, onEnd: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const bytes = await source.take();
      if (bytes !== null) return controller.enqueue(bytes);
      onEnd();
      controller.close();
    },
    cancel() {
      source.close();
      onEnd();
    },
  }, { highWaterMark: 0 });
}

/**
 * The same body, which ends when the connection accepts nothing of what it was given for
 * {@link MAX_UNREAD_MS}: the kernel would keep a connection that is not read for ever.
 * @param parts.onUnread  closes the connection
 */
export function droppedUnread(
  source: BodySource,
  { clock, onUnread }: { readonly clock: Clock; readonly onUnread: () => void },
): BodySource {
  let isClosed = false;
  let cancel: Cancel = () => undefined;
  const close = () => {
    isClosed = true;
    cancel();
    source.close();
  };
  return {
    async take() {
      // What was taken before is accepted.
      cancel();
      const bytes = await source.take();
      if (bytes === null || isClosed) return null;
      cancel = clock.after(MAX_UNREAD_MS, () => {
        close();
        onUnread();
      });
      return bytes;
    },
    close,
  };
}
