/** Compares stays as published with the people of a clip. */
import assert from "node:assert/strict";
import { type BoxPx, iou } from "../../../src/core/geometry.ts";
import type { InferenceMessage } from "../brokers/messages.ts";
import type { PresenceMessage } from "../brokers/presence.ts";
import { FPS } from "../clips/walks.ts";

/** Someone is in the picture. Frames are counted from the clip's first. */
export interface TrueStay {
  readonly name: string;
  /** The first frame in which a part is visible, and the first in which it cannot be missed. */
  readonly from: number;
  readonly plainFrom: number;
  /** Behind the last frame in which it cannot be missed, and behind the last with a part of it. */
  readonly plainUntil: number;
  readonly until: number;
  /** Where it is in a frame; null where nothing of it is in the picture. */
  readonly at: (frame: number) => BoxPx | null;
}

/** The messages of one stay. */
export interface PublishedStay {
  readonly start: PresenceMessage;
  readonly end: PresenceMessage;
}

const MIN_IOU = 0.5;
/** Seen in the first two looks, it starts with the second. */
const MAX_LOOKS_TO_START = 2;

/** The frames of a clip that was played once from its start: by number and by time of capture. */
export class Looks {
  readonly #frames = new Map<string, number>();
  readonly #offset: number;

  /** @param messages the inference messages of the camera */
  constructor(messages: readonly InferenceMessage[]) {
    const offsets = messages.map(({ frame }) => Math.round(frame.ptsSeconds * FPS) - frame.seq);
    assert.equal(new Set(offsets).size, 1, `frames were lost: offsets ${[...new Set(offsets)]}`);
    this.#offset = offsets[0] ?? assert.fail("no inferences");
    for (const { frame } of messages) {
      this.#frames.set(frame.capturedAt, frame.seq + this.#offset);
    }
  }

  /** The frame of a `seq`. */
  ofSeq(seq: number): number {
    return seq + this.#offset;
  }

  /** The frame that was captured at a time. */
  at(time: string): number {
    return this.#frames.get(time) ?? assert.fail(`no inference of a frame captured at ${time}`);
  }

  /** How many frames from `from` to before `until` were inferred. */
  between(from: number, until: number): number {
    return [...this.#frames.values()].filter((frame) => frame >= from && frame < until).length;
  }
}

/**
 * Pairs the messages of each stay that passes; every one has one start and one end, in this order.
 * @param isOf tests the first message of a stay
 */
export function paired(
  messages: readonly PresenceMessage[],
  isOf: (first: PresenceMessage) => boolean,
): PublishedStay[] {
  const firsts = messages.filter(({ id }, at) =>
    messages.findIndex((other) => other.id === id) === at
  );
  const ids = firsts.filter(isOf).map(({ id }) => id);
  return ids.map((id) => {
    const own = messages.filter((message) => message.id === id);
    assert.deepEqual(own.map(({ type }) => type), ["start", "end"], id);
    const [start, end] = own;
    assert.ok(start !== undefined && end !== undefined);
    assert.equal(end.track, start.track);
    assert.equal(end.startedAt, start.startedAt);
    return { start, end };
  });
}

/**
 * Asserts that there is exactly one published stay for each true one, which starts, ends and shows what it
 * should.
 * @returns the published stays in the order of the true ones
 */
export function assertStays(
  published: readonly PublishedStay[],
  truth: readonly TrueStay[],
  looks: Looks,
): PublishedStay[] {
  const summary = published.map(({ start, end }) =>
    `${looks.at(start.startedAt)} to ${looks.at(end.endedAt ?? "")}`
  );
  assert.equal(published.length, truth.length, `stays of the frames ${summary.join(", ")}`);
  const matched = truth.map((one) => {
    const own = published.filter(({ end }) => shows(end, one, looks));
    assert.equal(own.length, 1, `${one.name}: ${own.length} of the stays ${summary.join(", ")}`);
    return own[0] ?? assert.fail();
  });
  assert.equal(new Set(matched).size, truth.length);
  for (const [index, one] of truth.entries()) {
    assertStay(matched[index] ?? assert.fail(), one, looks);
  }
  return matched;
}

/** Whether the best frame of a stay shows this person where it is. */
function shows({ best }: PresenceMessage, { at }: TrueStay, looks: Looks): boolean {
  const box = at(looks.ofSeq(best.seq));
  return box !== null && iou(best.box, box) >= MIN_IOU;
}

function assertStay({ start, end }: PublishedStay, one: TrueStay, looks: Looks): void {
  const { name } = one;
  assert.ok(shows(start, one, looks), `${name}: the best frame at the start`);
  const first = looks.at(start.startedAt);
  const confirmed = looks.at(start.seenAt);
  const last = looks.at(end.endedAt ?? assert.fail(`${name}: no endedAt`));
  const found = `${name}: seen from frame ${first}, started at ${confirmed}, last seen at ${last}`;
  assert.ok(first >= one.from && last < one.until, found);
  const needed = looks.between(one.plainFrom, confirmed + 1);
  assert.ok(needed <= MAX_LOOKS_TO_START, `${found}: after ${needed} looks`);
  const missed = looks.between(last + 1, one.plainUntil);
  assert.equal(missed, 0, `${found}: not in the last ${missed} looks with it`);
  assert.equal(end.reason, "left", name);
  assert.equal(end.seenAt, end.endedAt, name);
  const dwellMs = Date.parse(end.endedAt ?? "") - Date.parse(end.startedAt);
  // Each of the times is written in whole milliseconds.
  assert.ok(Math.abs(end.dwellSeconds * 1000 - dwellMs) < 2, `${name}: ${end.dwellSeconds} s`);
}
