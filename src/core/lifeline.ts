/**
 * The first message to every worker. The thread holds the port until it ends, so the other end closes
 * exactly then; not while the thread hangs in a native call.
 */
export interface LifelineMessage {
  readonly kind: "lifeline";
  readonly port: MessagePort;
}

export function isLifeline(message: unknown): message is LifelineMessage {
  return typeof message === "object" && message !== null && "kind" in message &&
    message.kind === "lifeline";
}
