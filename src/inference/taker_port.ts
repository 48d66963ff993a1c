import { frameTransfers, type ToMailbox, type ToTaker } from "../core/messages.ts";

/** One end of the link to a camera's mailbox. */
export interface TakerPort {
  /** Hands every message to `receive` from now on. */
  open(receive: (message: ToTaker) => void): void;
  /** The message's buffer belongs to the mailbox from here on. */
  send(message: ToMailbox): void;
  close(): void;
}

/** The link over a `MessagePort`. */
export function takerPort(port: MessagePort): TakerPort {
  return {
    open: (receive) => port.onmessage = (event: MessageEvent<ToTaker>) => receive(event.data),
    send: (message) => port.postMessage(message, frameTransfers(message)),
    close() {
      port.onmessage = null;
      port.close();
    },
  };
}
