import assert from "node:assert/strict";
import { DecodeGate } from "../../../src/stream/decode_gate.ts";

const KEY = { isKey: true, wanted: true };
const DELTA = { isKey: false, wanted: true };
const UNWANTED = { isKey: false, wanted: false };

/** `D` decode, `?` unusable, else the reason's first letter. */
function fates(gate: DecodeGate, packets: readonly { isKey: boolean; wanted: boolean }[]): string {
  return packets.map((packet) => {
    const fate = gate.decide(packet);
    return fate.kind === "decode" ? "D" : fate.kind === "unusable" ? "?" : fate.reason[0];
  }).join("");
}

Deno.test("decode gate: nothing is decoded before the first keyframe", () => {
  assert.equal(fates(new DecodeGate("all"), [DELTA, DELTA, KEY, DELTA]), "??DD");
});

Deno.test("decode gate: after a time in which nobody wanted frames it goes on with a keyframe", () => {
  assert.equal(
    fates(new DecodeGate("auto"), [KEY, DELTA, UNWANTED, DELTA, DELTA, KEY, DELTA]),
    "DDuaaDD",
  );
});

Deno.test("decode gate: a stream that begins while nobody wants frames is not taken for damaged", () => {
  assert.equal(fates(new DecodeGate("auto"), [UNWANTED, KEY, DELTA]), "uDD");
});

Deno.test("decode gate: keyframes only", () => {
  assert.equal(fates(new DecodeGate("keyframes"), [DELTA, KEY, DELTA, DELTA, KEY]), "kDkkD");
});
