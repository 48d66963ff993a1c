import { type CameraAccount, noUndecoded } from "../core/accounts.ts";
import type { CaptureSnapshot, DecodeSetting } from "../core/messages.ts";

/** What is known of a camera whose thread has said nothing yet. */
export function firstSnapshot(decode: DecodeSetting, sinceMs: number): CaptureSnapshot {
  return {
    state: "connecting",
    reason: null,
    sinceMs,
    reconnects: 0,
    info: null,
    decodeLevel: decode,
    lastFrameAtMs: null,
    decodeSeconds: 0,
    account: {
      received: 0,
      undecoded: noUndecoded(),
      corrupt: 0,
      decoded: 0,
      detectors: [],
    },
    network: null,
  };
}

/** The account of a thread that was given up: what waited in its mailboxes went with it. */
export function abandonedAccount(account: CameraAccount): CameraAccount {
  return {
    ...account,
    detectors: account.detectors.map((mailbox) => ({
      ...mailbox,
      dropped: { ...mailbox.dropped, restart: mailbox.dropped.restart + mailbox.waiting },
      waiting: 0,
    })),
  };
}
