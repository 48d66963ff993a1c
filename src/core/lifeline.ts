/**
 * The first message to every worker. Its thread holds the port as long as it lives, so the other end
 * closes when the thread has ended, and not before: not while it hangs in a native call.
 */
export interface LifelineMessage {
  readonly kind: "lifeline";
  readonly port: MessagePort;
}

export function isLifeline(message: unknown): message is LifelineMessage {
  return typeof message === "object" && message !== null && "kind" in message &&
    message.kind === "lifeline";
}
