import assert from "node:assert/strict";
import fc from "fast-check";
import { type SteadyMs, steadyMs as at } from "../../../src/core/clock.ts";
import { LatestOutbox, QueueOutbox } from "../../../src/mqtt/outbox.ts";

interface Item {
  readonly key: string;
  readonly atMs: SteadyMs;
  readonly order: number;
}

Deno.test("outbox: a newer item displaces the one of its key and keeps its place", () => {
  const outbox = new LatestOutbox<Item>({ maxKeys: 4, maxAgeMs: 1_000 });
  const first = { key: "gate", atMs: at(0), order: 1 };
  assert.equal(outbox.put(first), null);
  assert.equal(outbox.put({ key: "yard", atMs: at(0), order: 2 }), null);
  assert.deepEqual(outbox.put({ key: "gate", atMs: at(5), order: 3 }), {
    item: first,
    reason: "superseded",
  });
  assert.deepEqual([outbox.take(at(5)).item?.order, outbox.take(at(5)).item?.order], [3, 2]);
  assert.deepEqual(outbox.take(at(5)), { item: null, displaced: [] });
});

Deno.test("outbox: what is too old comes back as stale, and the next fresh item is given", () => {
  const outbox = new LatestOutbox<Item>({ maxKeys: 4, maxAgeMs: 1_000 });
  outbox.put({ key: "a", atMs: at(0), order: 1 });
  outbox.put({ key: "b", atMs: at(500), order: 2 });
  const { item, displaced } = outbox.take(at(1_001));
  assert.equal(item?.order, 2);
  assert.deepEqual(displaced.map((each) => [each.item.order, each.reason]), [[1, "stale"]]);
  outbox.put({ key: "c", atMs: at(0), order: 3 });
  assert.equal(outbox.take(at(1_000)).item?.order, 3, "exactly the greatest age is not too old");
});

Deno.test("outbox: is bounded, gives the latest of every key in order, and loses nothing silently", () => {
  const maxKeys = 3;
  const action = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom("a", "b", "c", "d", "e") },
    { weight: 1, arbitrary: fc.constant(null) },
  );
  fc.assert(fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
    const outbox = new LatestOutbox<Item>({ maxKeys, maxAgeMs: 10 });
    // The model: keys in the order in which they began to wait, and their newest item.
    let model: Item[] = [];
    let put = 0;
    let accounted = 0;
    actions.forEach((key, nowMs) => {
      if (key === null) {
        const { item, displaced } = outbox.take(at(nowMs));
        accounted += displaced.length + (item === null ? 0 : 1);
        const fresh = model.findIndex(({ atMs }) => nowMs - atMs <= 10);
        assert.deepEqual(item, model[fresh] ?? null);
        model = fresh === -1 ? [] : model.slice(fresh + 1);
      } else {
        put += 1;
        const item = { key, atMs: at(nowMs), order: put };
        accounted += outbox.put(item) === null ? 0 : 1;
        const place = model.findIndex((each) => each.key === key);
        if (place === -1) model.push(item);
        else model[place] = item;
        if (model.length > maxKeys) model.shift();
      }
      assert.equal(outbox.size, model.length);
      assert.ok(outbox.size <= maxKeys);
      assert.equal(put, accounted + outbox.size, "every item went out, was displaced, or waits");
    });
    assert.deepEqual(outbox.clear(), model);
    assert.equal(outbox.size, 0);
  }));
});

Deno.test("outbox: a queue keeps the order whatever comes back, and drops its oldest beyond the bound", () => {
  const max = 4;
  const action = fc.constantFrom("put", "put", "take", "lose");
  fc.assert(fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
    const outbox = new QueueOutbox<Item>(max);
    let model: number[] = [];
    let onTheWay: Item[] = [];
    let order = 0;
    const dropped: number[] = [];
    const add = (displaced: ReturnType<typeof outbox.put>) => {
      if (displaced === null) return;
      assert.equal(displaced.reason, "full");
      dropped.push(displaced.item.order);
    };
    for (const each of actions) {
      if (each === "put") {
        order += 1;
        add(outbox.put({ key: "gate", atMs: at(0), order }));
        model.push(order);
      } else if (each === "take") {
        const { item } = outbox.take(at(Number.MAX_SAFE_INTEGER));
        assert.equal(item?.order, model.shift());
        if (item !== null) onTheWay.push(item);
      } else {
        for (const item of onTheWay) {
          add(outbox.restore(item));
          model = [...model, item.order].sort((a, b) => a - b).slice(-max);
        }
        onTheWay = [];
      }
      model = model.slice(-max);
      assert.ok(outbox.size <= max);
    }
    const left = outbox.clear().map((item) => item.order);
    assert.deepEqual(left, model);
    assert.equal(new Set([...left, ...dropped]).size, left.length + dropped.length);
  }));
});
