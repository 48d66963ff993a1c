import assert from "node:assert/strict";
import { boxNorm } from "../../../../src/core/geometry.ts";
import {
  CommandCache,
  isSameCommand,
  MAX_MEMORY_BYTES,
  MAX_REMEMBERED,
  REMEMBERED_FOR_MS,
} from "../../../../src/service/control/command_cache.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";

const PAUSE = { command: "pause", camera: null, detector: null } as const;

Deno.test("command memory: commands are the same whatever the order of their keys", () => {
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

Deno.test("command memory: it is bounded, in ids and in the size of answers", async () => {
  const clock = new HeldClock();
  const memory = new CommandCache(clock);
  const settled = { data: null };
  for (let each = 0; each < MAX_REMEMBERED + 5; each++) {
    memory.remember(`${each}`, PAUSE, Promise.resolve(settled));
  }
  assert.equal(memory.size, MAX_REMEMBERED);
  const snapshot = { command: "snapshot", camera: "gate" } as const;
  const bulky = Promise.resolve({ data: "x".repeat(MAX_MEMORY_BYTES / 6) });
  for (const id of ["a", "b", "c"]) memory.remember(id, snapshot, bulky);
  await clock.pass(0);
  assert.equal(memory.get("a"), null, "the oldest bulky answer went");
  assert.ok(memory.get("c") !== null && memory.get("100") !== null, "the small ones stayed");
  assert.ok(memory.bytes <= MAX_MEMORY_BYTES);
  const model = "m".repeat(1024);
  const command = { command: "set_model", detector: "person", model } as const;
  const error = { code: "CONTROL_MODEL", message: model.repeat(2), retryable: false, remedy: "" };
  for (let each = 0; each < MAX_REMEMBERED; each++) {
    memory.remember(`${each}`.padStart(256), command, Promise.resolve({ error }));
  }
  await clock.pass(0);
  assert.ok(memory.bytes <= MAX_MEMORY_BYTES && memory.size > MAX_REMEMBERED / 2);
  await clock.pass(REMEMBERED_FOR_MS);
  assert.deepEqual([memory.get("100"), memory.size, memory.bytes], [null, 0, 0]);
});
