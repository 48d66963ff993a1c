import assert from "node:assert/strict";
import fc from "fast-check";
import { kindOf } from "../../../src/inference/file_kinds.ts";
import { readClassNames, readModelHeader } from "../../../src/inference/model_file.ts";
import { BUNDLED } from "../../support/clips/clip.ts";
import { onnxModel } from "../../support/models/onnx.ts";

const SMALL = {
  inputs: [{ name: "images", dims: [1, 3, 32, 32] }],
  outputs: [{ name: "out", dims: [1, 5, 1], size: [1, 5, 1], values: [1, 2, 3, 4, 5] }],
};

function encoded(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

Deno.test("model file: the header of an ONNX model is read without its graph", () => {
  const header = readModelHeader(onnxModel({ ...SMALL, metadata: { names: "{0: 'cat'}" } }));
  assert.equal(header?.irVersion, 8);
  assert.equal(header.producer, "orion-test");
  assert.equal(header.metadata.get("names"), "{0: 'cat'}");
});

Deno.test("model file: the bundled models are recognised", async () => {
  for (const path of [BUNDLED.person, BUNDLED.personInt8]) {
    assert.notEqual(readModelHeader(await Deno.readFile(path)), null);
  }
});

Deno.test("model file: truncated models and other files are refused", () => {
  const whole = onnxModel(SMALL);
  for (let length = 0; length < whole.length - 2; length += 7) {
    const header = readModelHeader(whole.subarray(0, length));
    // The graph is one field near the beginning; what follows it may be missing without harm here.
    if (header !== null) assert.ok(length > whole.length - 20, `${length} of ${whole.length}`);
  }
  assert.equal(readModelHeader(new TextEncoder().encode("hello, this is no model\n")), null);
});

Deno.test("model file: arbitrary bytes never make the reader throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readModelHeader(bytes);
      assert.ok(kindOf(bytes).is.length > 0);
    }),
    { numRuns: 300 },
  );
});

const EXPORT = /^Export the model as \.onnx/;
const UNPACK = /^Unpack it/;
const AGAIN = /^Download or copy/;
const OTHER = /^Name a complete \.onnx file/;

const TAR = `${"m.onnx".padEnd(257, "\0")}ustar\0`;
const ZIPPED = (name: string) =>
  `PK\x03\x04${"\0".repeat(22)}${String.fromCharCode(name.length)}\0\0\0${name}`;

const KINDS: readonly [is: string, content: string | Uint8Array, says: RegExp, remedy: RegExp][] = [
  ["nothing", "", /empty/, AGAIN],
  ["Git LFS", "version https://git-lfs.github.com/spec/v1\n", /Git LFS pointer/, /git lfs pull/],
  ["PyTorch", ZIPPED("m/data.pkl"), /PyTorch/, EXPORT],
  ["PyTorch of old", "\x80\x02\x8a\x0alF\x9c", /PyTorch/, EXPORT],
  ["a zipped model", ZIPPED("yolo11n.onnx"), /with an \.onnx file in it/, UNPACK],
  ["TensorFlow Lite", "\x1c\0\0\0TFL3....", /TensorFlow Lite/, EXPORT],
  ["TensorRT", "ftrt\0\0\0\0", /TensorRT/, EXPORT],
  ["Rockchip", "RKNN\0\0\0\0", /Rockchip/, EXPORT],
  ["Hailo", "\x01HEF\0\0", /Hailo/, EXPORT],
  ["Keras", "\x89HDF\r\n", /Keras/, EXPORT],
  ["ncnn", "7767517\n75 83\n", /ncnn/, EXPORT],
  ["OpenVINO", '<?xml version="1.0"?>\n<net name="model" version="11">', /OpenVINO/, EXPORT],
  ["safetensors", '\x08\0\0\0\0\0\0\0{"w":[]} ....', /safetensors/, EXPORT],
  ["Core ML", Uint8Array.from([8, 5, 0x12, 2, 8, 1, 0xb2, 0x1f, 1, 0]), /Core ML/, EXPORT],
  ["TensorFlow", Uint8Array.from([0x0a, 2, 8, 1]), /TensorFlow/, EXPORT],
  ["GGUF", "GGUF\x03\0\0\0", /language model/, OTHER],
  ["NumPy", "\x93NUMPY\x01\0", /NumPy/, OTHER],
  ["a program", "\x7fELF\x02\x01", /program/, OTHER],
  ["a JPEG", "\xff\xd8\xff\xe0\0\x10JFIF", /a picture/, OTHER],
  ["a video", "\0\0\0\x20ftypisom", /a video/, OTHER],
  ["gzip", "\x1f\x8b\x08", /gzip/, UNPACK],
  ["tar", TAR, /tar archive/, UNPACK],
  ["7z", "7z\xbc\xaf\x27\x1c", /7z/, UNPACK],
  ["a web page", "<!DOCTYPE html>", /web page/, AGAIN],
  ["a web page after an empty line", "\r\n<HTML><body>404", /web page/, AGAIN],
  ["an error in JSON", '{"error": "Repository not found"}', /error message/, AGAIN],
  ["an error in XML", '<?xml version="1.0"?><Error><Code>NoSuchKey', /answer of a server/, AGAIN],
  ["text", "just words\n", /text file of 11 bytes/, OTHER],
  ["zeros", "\0".repeat(100), /100 bytes that begin with zeros/, AGAIN],
  ["half a model", onnxModel(SMALL).subarray(0, 60), /60 bytes of an ONNX model, not all/, AGAIN],
  ["other bytes", Uint8Array.from([0xff, 0xfe, 0, 1, 2]), /5 bytes that are no ONNX model/, OTHER],
];

for (const [is, content, says, remedy] of KINDS) {
  Deno.test(`model file: ${is} is recognised, with the way on`, () => {
    const bytes = typeof content === "string" ? encoded(content) : content;
    assert.equal(readModelHeader(bytes), null);
    const kind = kindOf(bytes);
    assert.match(kind.is, says);
    assert.match(kind.remedy, remedy);
  });
}

Deno.test("model file: class names are read from a dictionary, an object or a list", () => {
  const cases: [string, [number, string][] | null][] = [
    ["{0: 'person', 1: \"child's bike\"}", [[0, "person"], [1, "child's bike"]]],
    ['{"0": "a: b", "12": "c"}', [[0, "a: b"], [12, "c"]]],
    ["['x', \"y\", 'it\\'s']", [[0, "x"], [1, "y"], [2, "it's"]]],
    ["", null],
    ["{}", null],
    ["person", null],
  ];
  for (const [names, expected] of cases) {
    const header = { irVersion: 8, producer: "", metadata: new Map([["names", names]]) };
    const read = readClassNames(header);
    assert.deepEqual(read === null ? null : [...read], expected, names);
  }
});
