import {
  addAccounts,
  type CameraAccount,
  noUndecoded,
  settleBuffered,
} from "../../core/accounts.ts";
import type { WallMs } from "../../core/clock.ts";
import type { CaptureReport, DecodeSetting, ReceivedReport } from "../../core/messages.ts";

/** What is known of a camera whose thread has said nothing yet. */
export function firstReport(decode: DecodeSetting, sinceMs: WallMs): ReceivedReport {
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
    gopBuffer: { packets: 0, bytes: 0, maxBytes: 0, catchUps: 0 },
    network: null,
  };
}

/** What a camera's earlier threads came to: the present one counts on from it. */
export class EarlierThreads {
  #account: CameraAccount | null = null;
  #reconnects = 0;
  #catchUps = 0;

  get received(): number {
    return this.#account?.received ?? 0;
  }

  get reconnects(): number {
    return this.#reconnects;
  }

  /** A thread was given up. @param last  what was known of the camera by then */
  add({ account, gopBuffer, reconnects }: ReceivedReport): void {
    this.#account = abandonedAccount(account);
    this.#catchUps = gopBuffer.catchUps;
    this.#reconnects = reconnects + 1;
  }

  /** The figures of the present thread and of those before it. */
  with(
    { account, gopBuffer, reconnects }: Pick<
      CaptureReport,
      "account" | "gopBuffer" | "reconnects"
    >,
  ) {
    return {
      account: addAccounts(this.#account, account),
      gopBuffer: { ...gopBuffer, catchUps: gopBuffer.catchUps + this.#catchUps },
      reconnects: reconnects + this.#reconnects,
    };
  }
}

/** The account of a thread that was given up: what waited in its mailboxes went with it. */
function abandonedAccount(account: CameraAccount): CameraAccount {
  return {
    ...account,
    undecoded: settleBuffered(account.undecoded),
    detectors: account.detectors.map((mailbox) => ({
      ...mailbox,
      dropped: { ...mailbox.dropped, restart: mailbox.dropped.restart + mailbox.waiting },
      waiting: 0,
    })),
  };
}
