import assert from "node:assert/strict";
import { MAX_MODEL_DEPTH, MAX_MODEL_FIELDS, scanModel } from "../../../src/inference/model_scan.ts";
import { mutated, seededRandom } from "../../fuzz/mutate.ts";
import { BUNDLED } from "../../support/clips/clip.ts";
import {
  externalFields,
  modelsWith,
  OWN_FIELDS,
  smallModel,
} from "../../support/models/external_data.ts";
import { bytes, join, message, number, text } from "../../support/models/onnx.ts";

const LOCATION = "weights.bin";

/** A model with one initializer that has these fields. */
function withTensor(...fields: Uint8Array[]): Uint8Array {
  return join([smallModel(), message(7, [message(5, fields)])]);
}

Deno.test("model scan: a tensor in another file is found wherever ONNX has tensors", () => {
  for (const [where, model] of modelsWith(externalFields(LOCATION))) {
    assert.deepEqual(scanModel(model), { state: "external-data", location: LOCATION }, where);
  }
  assert.deepEqual(scanModel(smallModel(LOCATION)), { state: "external-data", location: LOCATION });
});

Deno.test("model scan: the same tensors with their values inside are fine", async () => {
  for (const [where, model] of modelsWith(OWN_FIELDS)) {
    assert.equal(scanModel(model).state, "self-contained", where);
  }
  for (const path of [BUNDLED.person, BUNDLED.personInt8]) {
    assert.equal(scanModel(await Deno.readFile(path)).state, "self-contained", path);
  }
});

Deno.test("model scan: either of the two fields of external data is enough, in every encoding", () => {
  const location = message(13, [text(1, "location"), text(2, LOCATION)]);
  const cases: Record<string, Uint8Array[]> = {
    "the entry alone": [location],
    "the entry, then a location of 0": [location, number(14, 0)],
    "the flag alone": [number(14, 1)],
    "a flag that a later one takes back": [number(14, 1), number(14, 0)],
    "an unknown flag": [number(14, 7)],
    "a flag of more than 32 bits": [number(14, 2 ** 32 + 1)],
    "a negative flag": [Uint8Array.of(0x70, ...Array(9).fill(0xff), 0x01)],
    "a flag longer than it has to be": [Uint8Array.of(0x70, 0x81, 0x80, 0x00)],
    "a tag longer than it has to be": [Uint8Array.of(0xf0, 0x80, 0x80, 0x80, 0x00, 0x01)],
    "a flag of another type": [bytes(14, Uint8Array.of(1))],
  };
  for (const [what, fields] of Object.entries(cases)) {
    assert.equal(scanModel(withTensor(...fields)).state, "external-data", what);
  }
});

Deno.test("model scan: a node that was compiled for a provider, and may name a file, is found", () => {
  const node = (type: string) => join([smallModel(), message(7, [message(1, [text(4, type)])])]);
  assert.equal(scanModel(node("EPContext")).state, "compiled");
  assert.equal(scanModel(node("Identity!")).state, "self-contained");
});

Deno.test("model scan: a model that quantises what it computes with is one of int8", async () => {
  const node = (type: string) => join([smallModel(), message(7, [message(1, [text(4, type)])])]);
  const precisionOf = (model: Uint8Array) => {
    const scan = scanModel(model);
    return scan.state === "self-contained" ? scan.precision : scan.state;
  };
  for (const type of ["QuantizeLinear", "QLinearConv", "ConvInteger", "MatMulInteger"]) {
    assert.equal(precisionOf(node(type)), "int8", type);
  }
  // Weights alone are made float32 again before they are used.
  for (const type of ["DequantizeLinear", "Conv", "QuantizeLineas"]) {
    assert.equal(precisionOf(node(type)), "float32", type);
  }
  assert.equal(precisionOf(await Deno.readFile(BUNDLED.person)), "float32");
  assert.equal(precisionOf(await Deno.readFile(BUNDLED.personInt8)), "int8");
});

Deno.test("model scan: what other readers may read differently is malformed", () => {
  const cases: Record<string, Uint8Array> = {
    "a tag of more than 32 bits": Uint8Array.of(0xf0, 0x80, 0x80, 0x80, 0x10, 0x01),
    "a tag of six bytes": Uint8Array.of(0xf0, 0x80, 0x80, 0x80, 0x80, 0x00, 0x01),
    "a field with number 0": Uint8Array.of(0x00, 0x01),
    "a group": Uint8Array.of(0x73, 0x74),
    "an unknown wire type": Uint8Array.of(0x77, 0x00),
    "a varint without an end": Uint8Array.of(0x08, 0x80),
    "a varint of eleven bytes": Uint8Array.of(0x08, ...Array(10).fill(0x80), 0x01),
    "a length beyond the message": Uint8Array.of(0x4a, 0x7f, 0x00),
    "a length of six bytes": Uint8Array.of(0x4a, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00, 0x00),
    "a fixed64 of seven bytes": Uint8Array.of(0x49, 1, 2, 3, 4, 5, 6, 7),
  };
  for (const [what, field] of Object.entries(cases)) {
    assert.deepEqual(scanModel(withTensor(field)), { state: "malformed" }, what);
  }
});

Deno.test("model scan: nesting and the number of fields have bounds", () => {
  const depthOf = (graphs: number) => 2 + 3 * (graphs - 1);
  assert.ok(depthOf(33) <= MAX_MODEL_DEPTH && depthOf(34) > MAX_MODEL_DEPTH);
  assert.equal(scanModel(deep(33)).state, "self-contained");
  assert.deepEqual(scanModel(deep(34)), {
    state: "beyond-bounds",
    bound: `more than ${MAX_MODEL_DEPTH} levels of messages`,
  });
  // Empty nodes: two bytes and two steps each.
  const nodes = new Uint8Array(MAX_MODEL_FIELDS + 4).map((_, at) => at % 2 === 0 ? 0x0a : 0x00);
  assert.deepEqual(scanModel(bytes(7, nodes)), {
    state: "beyond-bounds",
    bound: `more than ${MAX_MODEL_FIELDS} fields`,
  });
  assert.equal(scanModel(bytes(7, nodes.subarray(0, 200_000))).state, "self-contained");
});

/** A model with `graphs` graphs within one another: each adds a node, an attribute and a graph. */
function deep(graphs: number): Uint8Array {
  let content: Uint8Array[] = [text(2, "innermost")];
  for (let rest = graphs; rest > 1; rest--) {
    content = [message(1, [message(5, [message(6, content)])])];
  }
  return message(7, content);
}

Deno.test("model scan: damaged models never make it throw", () => {
  const random = seededRandom(13);
  const first = smallModel(LOCATION);
  const corpus: [Uint8Array, ...Uint8Array[]] = [
    first,
    smallModel(),
    ...modelsWith(externalFields(LOCATION)).values(),
    ...modelsWith(OWN_FIELDS).values(),
  ];
  const seen = new Set<string>();
  for (let run = 0; run < 20_000; run++) {
    const { state } = scanModel(mutated(random, corpus, ["location", LOCATION, "\x70\x01"]));
    seen.add(state);
  }
  assert.deepEqual([...seen].sort(), ["external-data", "malformed", "self-contained"]);
});
