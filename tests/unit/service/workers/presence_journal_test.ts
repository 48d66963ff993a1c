import assert from "node:assert/strict";
import fc from "fast-check";
import { plusMs } from "../../../../src/core/clock.ts";
import {
  MAX_WAITING_EVENTS,
  type PresenceEvent,
  type Stay,
  type StayEndReason,
} from "../../../../src/core/presence_types.ts";
import { MAX_STAYS } from "../../../../src/health/presence_view.ts";
import { PresenceJournal } from "../../../../src/service/workers/presence_journal.ts";
import { StayPictures } from "../../../../src/service/workers/stay_pictures.ts";
import { ended, occupancy, started, stay, ZONE } from "../../../support/workers/presence_parts.ts";

/** A journal that numbers the events that it is given. */
function rig(pictures = new StayPictures()) {
  const journal = new PresenceJournal(pictures);
  let number = 0;
  const observe = (...events: PresenceEvent[]) => {
    for (const event of events) journal.observe({ number: ++number, event });
  };
  const ids = (stays: readonly Stay[]) => stays.map(({ id }) => id);
  return { journal, observe, ids };
}

const NO_ENDS = {
  ...{ left: 0, camera_lost: 0, detector_lost: 0, paused: 0, restart: 0, shutdown: 0 },
};

Deno.test("presence journal: the next thread gets the open stays, what is not settled, and the last number", () => {
  const { journal, observe } = rig();
  assert.deepEqual(journal.resume(), { stays: [], unpublished: [], lastNumber: 0 });
  observe(started("A"), started("B"), ended("A"));
  const seen = stay("B", { seenAtMs: plusMs(stay("B").seenAtMs, 900) });
  observe({ kind: "update", stay: seen });
  for (const number of [1, 2]) journal.settled(number);
  assert.deepEqual(journal.resume(), {
    stays: [seen],
    unpublished: [{ number: 3, event: ended("A") }, {
      number: 4,
      event: { kind: "update", stay: seen },
    }],
    lastNumber: 4,
  });
  for (const number of [4, 3]) journal.settled(number);
  assert.deepEqual(journal.resume(), { stays: [seen], unpublished: [], lastNumber: 4 });
});

Deno.test("presence journal: a stay is counted once, whichever thread reports it how often", () => {
  const { journal, observe, ids } = rig();
  observe(started("A"), started("A"), ended("A"), ended("A", "shutdown"), started("A"));
  assert.deepEqual(journal.accounts("gate"), [{
    ...{ detector: "person", class: "person", started: 1, ended: { ...NO_ENDS, left: 1 }, open: 0 },
  }]);
  assert.deepEqual(ids(journal.stays(10)), ["A"]);
  assert.deepEqual(journal.accounts("yard"), []);
});

Deno.test("presence journal: a stay of an earlier run counts as started where it ends", () => {
  const { journal, observe } = rig();
  observe(ended("A", "restart"));
  assert.deepEqual(journal.accounts("gate"), [{
    ...{ detector: "person", class: "person", started: 1, open: 0 },
    ended: { ...NO_ENDS, restart: 1 },
  }]);
});

Deno.test("presence journal: started = ended + open, and a resumed stay is open, for any events", () => {
  const event = fc.record({
    kind: fc.constantFrom("start" as const, "update" as const, "end" as const),
    id: fc.constantFrom("A", "B", "C", "D"),
    class: fc.constantFrom("person", "dog"),
    reason: fc.constantFrom<StayEndReason>("left", "restart", "paused"),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const { journal, observe } = rig();
      for (const { kind, id, class: name, reason } of events) {
        observe(
          kind === "end" ? ended(id, reason, { class: name }) : {
            ...{ kind, stay: stay(id, { class: name }) },
          },
        );
        const accounts = journal.accounts("gate");
        let open = 0;
        for (const account of accounts) {
          const sum = Object.values(account.ended).reduce((all, count) => all + count, 0);
          assert.ok(account.open >= 0);
          assert.equal(account.started, sum + account.open);
          open += account.open;
        }
        assert.equal(journal.resume().stays.length, open);
      }
    }),
  );
});

Deno.test("presence journal: the newest stays come first, and open ones are never discarded", () => {
  const { journal, observe, ids } = rig();
  const id = (index: number) => `S${String(index).padStart(5, "0")}`;
  observe(started(id(0)));
  for (let index = 1; index <= MAX_STAYS + 20; index++) {
    observe(started(id(index)), ended(id(index)));
  }
  assert.deepEqual(ids(journal.stays(2)), [id(MAX_STAYS + 20), id(MAX_STAYS + 19)]);
  const all = ids(journal.stays(1000));
  assert.equal(all.length, MAX_STAYS);
  assert.deepEqual(all.slice(-2), [id(22), id(0)]);
  assert.equal(journal.accounts("gate")[0]?.started, MAX_STAYS + 21, "the ledger has them all");
});

Deno.test("presence journal: events that are not settled are bounded, and starts and ends last longest", () => {
  const { journal, observe } = rig();
  observe(started("A"), { kind: "occupancy", occupancy: occupancy("all", 1) });
  for (let index = 2; index < MAX_WAITING_EVENTS; index++) observe(ended("A"));
  const numbers = () => journal.resume().unpublished.map(({ number }) => number);
  observe(ended("A"));
  assert.deepEqual([numbers().length, ...numbers().slice(0, 3)], [
    MAX_WAITING_EVENTS,
    ...[1, 3, 4],
  ]);
  observe(ended("A"));
  assert.deepEqual([numbers().length, numbers()[0]], [MAX_WAITING_EVENTS, 3]);
});

Deno.test("presence journal: a picture is copied, and goes with its stay", () => {
  const { journal, observe } = rig();
  const bytes = new Uint8Array([0xff, 0xd8]).buffer;
  journal.addPicture({ stay: "A", seq: 1, bytes });
  assert.equal(journal.picture("A"), null, "of an unknown stay");
  observe(started("A"));
  journal.addPicture({ stay: "A", seq: 1, bytes });
  journal.addPicture({ stay: "A", seq: null, bytes: null });
  assert.equal(structuredClone(bytes, { transfer: [bytes] }).byteLength, 2);
  assert.equal(journal.picture("A")?.byteLength, 2);
  observe(ended("A"));
  for (let index = 0; index < MAX_STAYS; index++) observe(ended(`S${index}`));
  assert.equal(journal.picture("A"), null);
});

Deno.test("presence journal: the newest occupancy of the zones in force", () => {
  const { journal, observe } = rig();
  const observed = (zone: string, persons: number) =>
    observe({ kind: "occupancy", occupancy: occupancy(zone, persons) });
  observed("all", 1);
  observed("door", 1);
  observed("all", 2);
  assert.deepEqual(journal.occupancy("yard", [ZONE]), []);
  assert.deepEqual(journal.occupancy("gate", [ZONE]), [occupancy("all", 2), occupancy("door", 1)]);
  journal.zonesChanged("gate", []);
  journal.zonesChanged("yard", []);
  assert.deepEqual(journal.occupancy("gate", [ZONE]), [occupancy("all", 2)]);
  observed("door", 3);
  assert.deepEqual(journal.occupancy("gate", []), [occupancy("all", 2)], "it was under way");
});

Deno.test("stay pictures: bounded in bytes; the oldest go first, and a stay has one", () => {
  const pictures = new StayPictures(100);
  const add = (stay: string, bytes: number) => pictures.set(stay, new ArrayBuffer(bytes));
  const sizes = () => ["A", "B", "C", "D"].map((each) => pictures.get(each)?.byteLength ?? 0);
  add("A", 40);
  add("B", 40);
  add("A", 50);
  assert.deepEqual([sizes(), pictures.bytes], [[50, 40, 0, 0], 90]);
  add("C", 20);
  assert.deepEqual([sizes(), pictures.bytes], [[50, 0, 20, 0], 70]);
  add("D", 101);
  assert.deepEqual([sizes(), pictures.bytes], [[50, 0, 20, 0], 70], "too large for the bound");
  add("C", 101);
  assert.deepEqual([sizes(), pictures.bytes], [[50, 0, 0, 0], 50], "nor is the old one kept");
});

Deno.test("presence journal: the next thread continues from where the open stays are now", () => {
  const { journal, observe } = rig();
  observe(started("A"));
  const moved = stay("A", { seenAtMs: plusMs(stay("A").seenAtMs, 90_000) });
  journal.openStays([moved, { ...moved, id: "unknown" }]);
  assert.deepEqual(journal.resume().stays, [moved], "and none that no event has opened");
  assert.equal(journal.stays(10)[0]?.seenAtMs, moved.seenAtMs);
  observe(ended("A"));
  journal.openStays([moved]);
  assert.deepEqual(journal.resume().stays, []);
  const [account] = journal.accounts("gate");
  assert.deepEqual([account?.started, account?.open], [1, 0]);
});
