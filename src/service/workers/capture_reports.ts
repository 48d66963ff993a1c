import {
  addAccounts,
  type CameraAccount,
  noUndecoded,
  settleBuffered,
} from "../../core/accounts.ts";
import type {
  CaptureReport,
  DecodeSetting,
  NetworkStats,
  ReceivedReport,
} from "../../core/camera_types.ts";
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

/** The figures that continue when a thread is replaced. */
type Totals = Pick<
  CaptureReport,
  "account" | "gopBuffer" | "reconnects" | "decodeSeconds" | "network"
>;

/** The totals of a camera's earlier threads, to which the figures of the present one are added. */
export class EarlierThreads {
  #account: CameraAccount | null = null;
  #network: NetworkStats | null = null;
  #reconnects = 0;
  #catchUps = 0;
  #decodeSeconds = 0;

  get received(): number {
    return this.#account?.received ?? 0;
  }

  get reconnects(): number {
    return this.#reconnects;
  }

  /** Adds an abandoned thread. @param last  the camera's last report, earlier threads included */
  add({ account, gopBuffer, reconnects, decodeSeconds, network }: ReceivedReport): void {
    this.#account = abandonedAccount(account);
    this.#catchUps = gopBuffer.catchUps;
    this.#reconnects = reconnects + 1;
    this.#decodeSeconds = decodeSeconds;
    this.#network = network ?? this.#network;
  }

  /** The figures of the present thread plus those of the earlier ones. */
  with({ account, gopBuffer, reconnects, decodeSeconds, network }: Totals): Totals {
    return {
      account: addAccounts(this.#account, account),
      gopBuffer: { ...gopBuffer, catchUps: gopBuffer.catchUps + this.#catchUps },
      reconnects: reconnects + this.#reconnects,
      decodeSeconds: decodeSeconds + this.#decodeSeconds,
      network: this.#network === null || network === null
        ? network
        : addNetwork(this.#network, network),
    };
  }
}

/** The present thread's state with the packets and anomalies of both. */
function addNetwork(earlier: NetworkStats, present: NetworkStats): NetworkStats {
  const anomalies = Object.entries(present.anomalies).map(([kind, count]) =>
    [kind, count + (earlier.anomalies[kind] ?? 0)] as const
  );
  return {
    ...present,
    lostPackets: earlier.lostPackets + present.lostPackets,
    anomalies: Object.fromEntries(anomalies),
  };
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
