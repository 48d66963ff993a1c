/** What is read of a model's file, and what is refused before ONNX Runtime sees it. */
import assert from "node:assert/strict";
import { ModelError } from "../../../src/core/errors.ts";
import { MAX_MODEL_BYTES } from "../../../src/inference/read_model.ts";
import type { LoadOptions } from "../../../src/inference/model.ts";
import { ModelSession, sessionOptions } from "../../../src/inference/session.ts";
import { scanModel } from "../../../src/inference/model_scan.ts";
import { externalFields, modelsWith, smallModel } from "../../support/models/external_data.ts";
import { onnxModel } from "../../support/models/onnx.ts";
import { shell, tempFolder } from "../../support/system/files.ts";

/** Loads and releases a model; returns its error, or null. */
async function failure(options: Omit<LoadOptions, "threads">): Promise<ModelError | null> {
  try {
    await using _session = await ModelSession.load({ ...options, threads: 1 });
    return null;
  } catch (error) {
    assert.ok(error instanceof ModelError, String(error));
    return error;
  }
}

/** A valid ONNX model whose producer's name has the mark of ONNX Runtime's own format in its place. */
function twoFormats(): Uint8Array {
  const model = smallModel();
  model.set(new TextEncoder().encode("ORTM"), 4);
  return model;
}

Deno.test("model: one whose weights are in another file is refused, and loads with them inside", async () => {
  using folder = tempFolder();
  folder.write("weights.bin", new Uint8Array(192));
  for (const location of ["/etc/hostname", "weights.bin", "../../etc/hostname", "deno.json"]) {
    const error = await failure({ path: folder.write("m.onnx", smallModel(location)) });
    assert.equal(error?.code, "MODEL_EXTERNAL_DATA");
    assert.ok(error.message.includes(JSON.stringify(location)), error.message);
    assert.equal(error.retryable, false);
    assert.match(error.remedy, /as one file/);
  }
  assert.equal(await failure({ path: folder.write("m.onnx", smallModel()) }), null);
});

Deno.test("model: a tensor in another file is refused wherever it is", async () => {
  using folder = tempFolder();
  for (const [where, model] of modelsWith(externalFields("\x1b[2J" + "a".repeat(5000)))) {
    const error = await failure({ path: folder.write("m.onnx", model) });
    assert.equal(error?.code, "MODEL_EXTERNAL_DATA", where);
    // Its text comes from the model, and goes to the log.
    assert.ok(error.message.length < 400 && !error.message.includes("\x1b"), error.message);
  }
});

Deno.test("model: bytes that ONNX Runtime would read as another format are refused", async () => {
  using folder = tempFolder();
  const error = await failure({ path: folder.write("m.onnx", twoFormats()) });
  assert.equal(error?.code, "MODEL_INVALID");
  assert.match(error.message, /ONNX Runtime's own format/);
});

Deno.test("model: a damaged graph is refused before ONNX Runtime sees it", async () => {
  using folder = tempFolder();
  const model = onnxModel({ inputs: [], outputs: [] });
  // The last byte of the graph's only field, its name, becomes the tag of a group.
  const at = model.findIndex((byte, at) => byte === 0x3a && model[at + 2] === 0x12) + 2;
  model[at] = 0x13;
  const error = await failure({ path: folder.write("m.onnx", model) });
  assert.equal(error?.code, "MODEL_INVALID");
  assert.match(error.message, /its graph is damaged/);
});

Deno.test("model: ONNX Runtime itself may open no other file", async () => {
  const runtime = await import("onnxruntime-node");
  runtime.env.logLevel = "fatal";
  const load = async (model: Uint8Array, options: object) => {
    const session = await runtime.InferenceSession.create(model, options);
    await session.release();
  };
  const unbounded = { logSeverityLevel: 4 };
  const options = sessionOptions({ provider: "cpu", threads: 1 });
  // The tests run in the root of the checkout, which has this file.
  await load(smallModel("deno.json"), unbounded);
  for (const location of ["deno.json", "./deno.json", "../../etc/hostname", "/etc/hostname"]) {
    await assert.rejects(load(smallModel(location), options), /xternal data/, location);
  }
  await assert.rejects(load(twoFormats(), unbounded), /ORT model/);
  await load(twoFormats(), options);
});

Deno.test("model: with any bit flipped, what ONNX Runtime takes for external data is found before", async () => {
  const runtime = await import("onnxruntime-node");
  runtime.env.logLevel = "fatal";
  const options = sessionOptions({ provider: "cpu", threads: 1 });
  const whole = smallModel("deno.json");
  let refused = 0;
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const model = whole.map((byte, at) => at === bit >> 3 ? byte ^ 1 << (bit & 7) : byte);
    const said = await runtime.InferenceSession.create(model, options).then(
      async (session) => {
        await session.release();
        return "";
      },
      (error: unknown) => String(error),
    );
    if (!/external data/i.test(said)) continue;
    refused++;
    assert.notEqual(scanModel(model).state, "self-contained", `bit ${bit}: ${said}`);
  }
  assert.ok(refused > 300, `${refused} models with external data`);
});

Deno.test("model: a link is followed to what it led to when the model was chosen, and nowhere else", async () => {
  using folder = tempFolder();
  const [one, two] = ["one.onnx", "two.onnx"].map((name) => folder.write(name, smallModel()));
  assert.ok(one !== undefined && two !== undefined);
  const path = `${folder.path}/link.onnx`;
  await shell('ln -s one.onnx "$1"', path);
  const resolvedPath = await Deno.realPath(path);
  assert.equal(await failure({ path, resolvedPath }), null);
  await shell('ln -sf two.onnx "$1"', path);
  const error = await failure({ path, resolvedPath });
  assert.equal(error?.code, "MODEL_REPLACED");
  assert.ok(error.message.includes(`it was ${one}, and is ${two} now`), error.message);
  assert.equal(await failure({ path }), null, "without an earlier answer the link is followed");
});

Deno.test("model: a file that a link took the place of is refused, and so is one of another folder", async () => {
  using folder = tempFolder();
  folder.write("outside/m.onnx", smallModel());
  const path = folder.write("models/m.onnx", smallModel());
  const resolvedPath = await Deno.realPath(path);
  await shell('cd "$1" && mv models/m.onnx old && ln -s ../outside/m.onnx models', folder.path);
  assert.equal((await failure({ path, resolvedPath }))?.code, "MODEL_REPLACED");
  await shell('cd "$1" && rm models/m.onnx && mv old models/m.onnx', folder.path);
  assert.equal(await failure({ path, resolvedPath }), null);
  await shell('cd "$1" && mv models was && ln -s outside models', folder.path);
  assert.equal((await failure({ path, resolvedPath }))?.code, "MODEL_REPLACED");
});

Deno.test("model: what is no regular file is refused without waiting for it", async () => {
  using folder = tempFolder();
  const { path } = folder;
  await shell(
    'cd "$1" && mkfifo pipe.onnx && mkdir folder.onnx && ln -s /dev/zero zero.onnx',
    path,
  );
  const cases = { pipe: /it is a pipe/, folder: /it is a folder/, zero: /it is a device/ };
  for (const [name, says] of Object.entries(cases)) {
    const error = await failure({ path: `${path}/${name}.onnx` });
    assert.equal(error?.code, "MODEL_UNREADABLE");
    assert.match(error.message, says);
  }
});

Deno.test("model: a file that is too large is refused unread", async () => {
  using folder = tempFolder();
  const path = folder.write("m.onnx", smallModel());
  // It has a hole, and takes no space.
  await Deno.truncate(path, MAX_MODEL_BYTES + 1);
  const error = await failure({ path });
  assert.equal(error?.code, "MODEL_INVALID");
  assert.match(error.message, /it has 536870913 bytes and at most 536870912 are read/);
});
