import assert from "node:assert/strict";
import { boxNorm } from "../../../../src/core/geometry.ts";
import {
  COMMAND_TTL_MS,
  CommandCache,
  isSameCommand,
  MAX_CACHE_BYTES,
  MAX_COMMANDS,
} from "../../../../src/service/control/command_cache.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";

const PAUSE = { command: "pause", camera: null, detector: null } as const;

Deno.test("command cache: commands are equal whatever the order of their keys", () => {
  const roi = { x: 0, y: 0.1, width: 0.5, height: 0.2 };
  const { x, y, width, height } = roi;
  const one = { command: "set_roi", camera: "gate", roi: boxNorm(roi) } as const;
  const other = {
    roi: boxNorm({ height, width, y, x }),
    camera: "gate",
    command: "set_roi",
  } as const;
  assert.ok(isSameCommand(one, other));
  assert.ok(!isSameCommand(one, { ...other, camera: "yard" }));
  assert.ok(!isSameCommand(one, { ...other, roi: boxNorm({ ...roi, x: 0.2 }) }));
});

Deno.test("command cache: it is bounded, in ids and in the size of answers", async () => {
  const clock = new HeldClock();
  const cache = new CommandCache(clock);
  const settled = { data: null };
  for (let each = 0; each < MAX_COMMANDS + 5; each++) {
    cache.add(`${each}`, PAUSE, Promise.resolve(settled));
  }
  assert.equal(cache.size, MAX_COMMANDS);
  const snapshot = { command: "snapshot", camera: "gate", boxes: false } as const;
  const bulky = Promise.resolve({ data: "x".repeat(MAX_CACHE_BYTES / 6) });
  for (const id of ["a", "b", "c"]) cache.add(id, snapshot, bulky);
  await clock.pass(0);
  assert.equal(cache.get("a"), null, "the oldest bulky answer was evicted");
  assert.ok(cache.get("c") !== null && cache.get("100") !== null, "the small ones stayed");
  assert.ok(cache.bytes <= MAX_CACHE_BYTES);
  const model = "m".repeat(1024);
  const command = { command: "set_model", detector: "person", model } as const;
  const error = { code: "CONTROL_MODEL", message: model.repeat(2), retryable: false, remedy: "" };
  for (let each = 0; each < MAX_COMMANDS; each++) {
    cache.add(`${each}`.padStart(256), command, Promise.resolve({ error }));
  }
  await clock.pass(0);
  assert.ok(cache.bytes <= MAX_CACHE_BYTES && cache.size > MAX_COMMANDS / 2);
  await clock.pass(COMMAND_TTL_MS);
  assert.deepEqual([cache.get("100"), cache.size, cache.bytes], [null, 0, 0]);
});
