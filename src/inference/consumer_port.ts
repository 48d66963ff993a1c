import { frameTransfers, type ToConsumer, type ToMailbox } from "../core/messages.ts";

/** One end of the link to a camera's mailbox. */
export interface ConsumerPort {
  /** Hands every message to `receive` from now on. */
  open(receive: (message: ToConsumer) => void): void;
  /** The message's buffer belongs to the mailbox from here on. */
  send(message: ToMailbox): void;
  close(): void;
}

/** The link over a `MessagePort`. */
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
