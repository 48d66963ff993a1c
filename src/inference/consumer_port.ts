import { frameTransfers, type ToConsumer, type ToMailbox } from "../core/messages.ts";

/** The consumer's end of the link to a camera's mailbox. */
export interface ConsumerPort {
  /** Passes every message to `receive` from now on. */
  open(receive: (message: ToConsumer) => void): void;
  /** Transfers the message's buffer to the mailbox. */
  send(message: ToMailbox): void;
  close(): void;
}

/** Implements the link by a `MessagePort`. */
export function consumerPort(port: MessagePort): ConsumerPort {
  return {
    open: (receive) => port.onmessage = (event: MessageEvent<ToConsumer>) => receive(event.data),
    send: (message) => port.postMessage(message, frameTransfers(message)),
    close() {
      port.onmessage = null;
      port.close();
    },
  };
}
