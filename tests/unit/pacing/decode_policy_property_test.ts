import assert from "node:assert/strict";
import fc from "fast-check";
import { steadyMs } from "../../../src/core/clock.ts";
import { DecodePolicy } from "../../../src/pacing/decode_policy.ts";

Deno.test("decode policy: under any demand no packet is decoded that refers to a corrupt or missing one", () => {
  const candidate = fc.record({
    isKey: fc.boolean(),
    isRecoveryPoint: fc.boolean(),
    isDisposable: fc.boolean(),
    isCorrupt: fc.boolean(),
    isTooSlow: fc.boolean(),
    isWanted: fc.boolean(),
    isSnapshotWanted: fc.boolean(),
    hasDelayedFrames: fc.boolean(),
    frameMs: fc.constantFrom(null, 40),
    periodMs: fc.nat(3000),
    dueInMs: fc.nat(3000),
    dueNextInMs: fc.nat(3000),
    buffer: fc.constantFrom("incomplete" as const, "complete" as const, "full" as const),
  });
  const setting = fc.constantFrom("auto" as const, "all" as const, "keyframes" as const);
  fc.assert(fc.property(setting, fc.array(candidate, { maxLength: 100 }), (setting, packets) => {
    const policy = new DecodePolicy(setting);
    let isUsable = false;
    let isDecoding = false;
    packets.forEach((packet, index) => {
      const isStart = packet.isKey || packet.isRecoveryPoint;
      // Others refer to a packet that starts a GOP.
      const isDisposable = packet.isDisposable && !isStart;
      const decision = policy.decide({
        ...packet,
        isDisposable: () => isDisposable,
        atMs: steadyMs(40 * index),
      });
      const isDecoded = decision.kind === "decode" || decision.kind === "catch-up";
      isUsable = !packet.isCorrupt && (isUsable || isStart);
      if (packet.isCorrupt) assert.equal(decision.kind, "unusable");
      if (isDecoded) assert.ok(isUsable, `packet ${index}`);
      if (decision.kind === "decode") assert.ok(isDecoding || isStart, `a gap before ${index}`);
      if (decision.kind === "catch-up") assert.notEqual(packet.buffer, "incomplete");
      if (decision.kind === "skip" && decision.reason === "nonref") assert.ok(isDisposable);
      else isDecoding = isDecoded;
    });
  }));
});
