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
