import {
  addAccounts,
  type CameraAccount,
  noUndecoded,
  settleBuffered,
} from "../../core/accounts.ts";
import type { CaptureReport, DecodeSetting, ReceivedReport } from "../../core/camera_types.ts";
import type { WallMs } from "../../core/clock.ts";

/** The report of a camera whose thread has not sent one yet. */
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

/** The totals of a camera's earlier threads, to which the figures of the present one are added. */
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

  /** Adds an abandoned thread. @param last  the camera's last report, earlier threads included */
  add({ account, gopBuffer, reconnects }: ReceivedReport): void {
    this.#account = abandonedAccount(account);
    this.#catchUps = gopBuffer.catchUps;
    this.#reconnects = reconnects + 1;
  }

  /** The figures of the present thread plus those of the earlier ones. */
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

/** The account of an abandoned thread: frames that waited in its mailboxes are dropped with it. */
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
