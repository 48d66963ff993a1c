import assert from "node:assert/strict";
import fc from "fast-check";
import { type SteadyMs, steadyMs as at } from "../../../src/core/clock.ts";
import { LatestOutbox, QueueOutbox } from "../../../src/mqtt/outbox.ts";

interface Item {
  readonly key: string;
  readonly arrivedAtMs: SteadyMs;
  readonly sequence: number;
}

Deno.test("outbox: a newer item supersedes the one of its key and keeps its position", () => {
  const outbox = new LatestOutbox<Item>({ maxKeys: 4, maxAgeMs: 1_000 });
  const first = { key: "gate", arrivedAtMs: at(0), sequence: 1 };
  assert.equal(outbox.put(first), null);
  assert.equal(outbox.put({ key: "yard", arrivedAtMs: at(0), sequence: 2 }), null);
  assert.deepEqual(outbox.put({ key: "gate", arrivedAtMs: at(5), sequence: 3 }), {
    item: first,
    reason: "superseded",
  });
  assert.deepEqual([outbox.take(at(5)).item?.sequence, outbox.take(at(5)).item?.sequence], [3, 2]);
  assert.deepEqual(outbox.take(at(5)), { item: null, discarded: [] });
});

Deno.test("outbox: items that are too old are discarded as stale, and the next fresh one is taken", () => {
  const outbox = new LatestOutbox<Item>({ maxKeys: 4, maxAgeMs: 1_000 });
  outbox.put({ key: "a", arrivedAtMs: at(0), sequence: 1 });
  outbox.put({ key: "b", arrivedAtMs: at(500), sequence: 2 });
  const { item, discarded } = outbox.take(at(1_001));
  assert.equal(item?.sequence, 2);
  assert.deepEqual(discarded.map((each) => [each.item.sequence, each.reason]), [[1, "stale"]]);
  outbox.put({ key: "c", arrivedAtMs: at(0), sequence: 3 });
  assert.equal(outbox.take(at(1_000)).item?.sequence, 3, "exactly the greatest age is not too old");
});

Deno.test("outbox: latest is bounded, keeps the order of the keys, and accounts for every item", () => {
  const maxKeys = 3;
  const action = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom("a", "b", "c", "d", "e") },
    { weight: 1, arbitrary: fc.constant(null) },
  );
  fc.assert(fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
    const outbox = new LatestOutbox<Item>({ maxKeys, maxAgeMs: 10 });
    // The model: keys in the order in which they were first put, and their newest item.
    let model: Item[] = [];
    let put = 0;
    let accounted = 0;
    actions.forEach((key, nowMs) => {
      if (key === null) {
        const { item, discarded } = outbox.take(at(nowMs));
        accounted += discarded.length + (item === null ? 0 : 1);
        const fresh = model.findIndex(({ arrivedAtMs }) => nowMs - arrivedAtMs <= 10);
        assert.deepEqual(item, model[fresh] ?? null);
        model = fresh === -1 ? [] : model.slice(fresh + 1);
      } else {
        put += 1;
        const item = { key, arrivedAtMs: at(nowMs), sequence: put };
        accounted += outbox.put(item) === null ? 0 : 1;
        const place = model.findIndex((each) => each.key === key);
        if (place === -1) model.push(item);
        else model[place] = item;
        if (model.length > maxKeys) model.shift();
      }
      assert.equal(outbox.size, model.length);
      assert.ok(outbox.size <= maxKeys);
      assert.equal(
        put,
        accounted + outbox.size,
        "every item was taken, was discarded, or is in the outbox",
      );
    });
    assert.deepEqual(outbox.clear(), model);
    assert.equal(outbox.size, 0);
  }));
});

Deno.test("outbox: a queue keeps the order, and discards its oldest beyond the bound", () => {
  const max = 4;
  fc.assert(fc.property(fc.array(fc.constantFrom("put", "put", "take")), (actions) => {
    const outbox = new QueueOutbox<Item>(max);
    const model: number[] = [];
    actions.forEach((each, sequence) => {
      if (each === "put") {
        const item = { key: "gate", arrivedAtMs: at(0), sequence };
        const discarded = outbox.put(item);
        model.push(sequence);
        const oldest = model.length > max ? model.shift() : null;
        assert.equal(discarded?.item.sequence ?? null, oldest);
        assert.equal(discarded?.reason ?? null, oldest === null ? null : "full");
      } else {
        const { item, discarded } = outbox.take(at(Number.MAX_SAFE_INTEGER));
        assert.deepEqual([item?.sequence, discarded], [model.shift(), []], "of any age");
      }
      assert.equal(outbox.size, model.length);
    });
    assert.deepEqual(outbox.clear().map((item) => item.sequence), model);
  }));
});
