/** Where the figures of metrics come from: samples of a report, by camera, detector, worker and topic kind. */
import { total } from "../core/accounts.ts";
import type { MessageAccounts } from "../core/publisher_types.ts";
import type { StayAccount } from "./presence_view.ts";
import { type CameraReport, dropRate, type HealthReport, type WorkerReport } from "./report.ts";

/** Figures of the process. */
export interface ProcessStats {
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  readonly droppedLogLines: number;
  readonly eventReaders: number;
  /** Start time, in seconds since the Unix epoch. */
  readonly startSeconds: number;
  readonly build: {
    readonly version: string;
    readonly deno: string;
    readonly libav: string;
    readonly onnxruntime: string;
  };
}

/** The input of a scrape. */
export interface Figures {
  readonly report: HealthReport;
  readonly process: ProcessStats;
}

/** A value and its labels. */
export type Sample = readonly [value: number, labels: Readonly<Record<string, string>>];

/** A counter or a gauge. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Values of the same labels add up. */
  readonly samples: (figures: Figures) => readonly Sample[];
}

type Account = NonNullable<MessageAccounts[keyof MessageAccounts]>;
type Mailbox = CameraReport["ledger"]["detectors"][number];

/** Of each camera; null: no sample. */
export function cameras(read: (camera: CameraReport) => number | null) {
  return ({ report }: Figures): Sample[] =>
    report.cameras.flatMap((camera) => {
      const value = read(camera);
      return value === null ? [] : [[value, { camera: camera.id }] as const];
    });
}

/** Of each camera, one for each key of a record of counts. */
export function counts(
  label: string,
  read: (camera: CameraReport) => Readonly<Record<string, number>>,
) {
  return ({ report }: Figures): Sample[] =>
    report.cameras.flatMap((camera) =>
      Object.entries(read(camera)).map(([key, value]) =>
        [value, { camera: camera.id, [label]: key }] as const
      )
    );
}

/** Of each detector at each camera; null: no sample. */
export function mailboxes(read: (mailbox: Mailbox, camera: CameraReport) => number | null) {
  return ({ report }: Figures): Sample[] =>
    report.cameras.flatMap((camera) =>
      camera.ledger.detectors.flatMap((mailbox) => {
        const value = read(mailbox, camera);
        const labels = { camera: camera.id, detector: mailbox.detector };
        return value === null ? [] : [[value, labels] as const];
      })
    );
}

/** Of the stays of each class at each camera and detector. */
export function stays(read: (account: StayAccount) => number) {
  return ({ report }: Figures): Sample[] =>
    report.cameras.flatMap(({ id: camera, presence }) =>
      presence.stays.map((account) => [read(account), stayLabels(camera, account)] as const)
    );
}

/** Stays that have ended, by reason. */
export function stayEnds({ report }: Figures): Sample[] {
  return report.cameras.flatMap(({ id: camera, presence }) =>
    presence.stays.flatMap((account) =>
      Object.entries(account.ended).map(([reason, value]) =>
        [value, { ...stayLabels(camera, account), reason }] as const
      )
    )
  );
}

/** Open stays in each zone, by class. */
export function occupancy({ report }: Figures): Sample[] {
  return report.cameras.flatMap(({ id: camera, presence }) =>
    presence.occupancy.flatMap(({ zone, counts }) =>
      Object.entries(counts).map(([name, value]) => [value, { camera, zone, class: name }] as const)
    )
  );
}

function stayLabels(camera: string, { detector, class: name }: StayAccount) {
  return { camera, detector, class: name };
}

/** Of each inference worker; null: no sample. */
export function workers(read: (worker: WorkerReport) => number | null) {
  return ({ report }: Figures): Sample[] =>
    report.workers.flatMap((worker) => {
      const value = read(worker);
      return value === null ? [] : [[value, { worker: worker.id }] as const];
    });
}

/** Dropped frames of each detector at each camera, by reason. */
export function drops({ report }: Figures): Sample[] {
  return report.cameras.flatMap(({ id, ledger }) =>
    ledger.detectors.flatMap(({ detector, dropped }) =>
      Object.entries(dropped).map(([reason, value]) =>
        [value, { camera: id, detector, reason }] as const
      )
    )
  );
}

/** Of the messages of each kind of topic. */
export function messages(read: (account: Account) => number) {
  return ({ report }: Figures): Sample[] =>
    Object.entries(report.broker.messages).map(([kind, account]) =>
      [read(account), { topic_kind: kind }] as const
    );
}

/** Discarded messages of each kind of topic, by reason. */
export function discards({ report }: Figures): Sample[] {
  return Object.entries(report.broker.messages).flatMap(([kind, { discarded }]) =>
    Object.entries(discarded).map(([reason, value]) =>
      [value, { topic_kind: kind, reason }] as const
    )
  );
}

/** Restarts of inference and capture workers. */
export function restarts(figures: Figures): Sample[] {
  const captures = figures.report.cameras.map(({ id, restarts }) =>
    [restarts, { worker: `capture-${id}` }] as const
  );
  return [...captures, ...workers((worker) => worker.restarts)(figures)];
}

/** Frames that will not be decoded any more. */
export function skipped({ ledger: { undecoded: { buffered: _buffered, ...rest } } }: CameraReport) {
  return rest;
}

/** The drop rate by the counters of the same scrape, which have no frames that may still be decoded. */
export function settledDropRate({ processed, dropped }: Mailbox, camera: CameraReport): number {
  const { undecoded } = camera.ledger;
  return dropRate(processed, total(dropped) + total(undecoded) - undecoded.buffered);
}

/** One sample without labels. */
export function one(read: (figures: Figures) => number) {
  return (figures: Figures): Sample[] => [[read(figures), {}]];
}
