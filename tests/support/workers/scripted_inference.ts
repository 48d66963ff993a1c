/**
 * Orion's own inference worker with a scripted model: the name of its file describes what it does, so that
 * tests can have every fault of a model.
 *
 *     sleep-20     each frame takes 20 ms and no CPU        throw-5     the fifth frame throws
 *     reject-5     an unhandled rejection                   loop-5      JavaScript that never returns
 *     native-5     a native call that never returns         badload-5   throws, then fails to load once
 *     hangload-0   a native call in place of loading        heal-2      throws at once, but the first
 *                                                                       two threads alone
 *
 * A number after the fault is the frame it happens at, of each thread, unless stated otherwise.
 */
import { neverReturn } from "../streams/never_returns.ts";
import { basename, dirname } from "node:path";
import { UNCONFINED } from "../../../src/core/confinement.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { ModelError } from "../../../src/core/errors.ts";
import type { FromInference, ToInference } from "../../../src/core/messages.ts";
import { serve } from "../../../src/core/worker_entry.ts";
import { Detector } from "../../../src/inference/detector.ts";
import type { LoadOptions, Model } from "../../../src/inference/model.ts";
import { fixedInput } from "../models/inputs.ts";
import { pairOf } from "../models/outputs.ts";

const NOTHING = pairOf([], [], 1);

/** Blocks the thread as a native inference does, without using the CPU. */
function block(ms: number): void {
  if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** How many threads have loaded this file before, counted in a file beside it. */
function timesLoaded(path: string): number {
  const mark = `${dirname(path)}/.loaded`;
  let times = 0;
  try {
    times = Deno.readTextFileSync(mark).length;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  Deno.writeTextFileSync(mark, "x", { append: true });
  return times;
}

function load({ path }: LoadOptions): Promise<Model> {
  const [what, number] = basename(path, ".onnx").split("-");
  const count = Number(number);
  if (what === "hangload") neverReturn();
  const isHealed = what === "heal" && timesLoaded(path) >= count;
  if (what === "badload" && timesLoaded(path) === 1) {
    throw new ModelError({
      code: "MODEL_UNREADABLE",
      message: "Cannot read the model",
      retryable: true,
      remedy: "Wait.",
    });
  }
  let frames = 0;
  return Promise.resolve({
    identity: { name: "builtin:person", sha256: "0123456789ab" },
    input: fixedInput({ width: 64, height: 64 }),
    file: { file: basename(path), precision: "float32", choice: null },
    labels: ["person"],
    columns: [0],
    overlaps: true,
    family: "a script",
    provider: "script",
    run() {
      frames++;
      if (what === "sleep") block(count);
      else if (what === "heal") { if (!isHealed) fault("throw"); }
      else if (frames === count) fault(what);
      return Promise.resolve(NOTHING);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

function fault(what: string | undefined): void {
  switch (what) {
    case "throw":
    case "badload":
      setTimeout(() => {
        throw new TypeError("uncaught");
      }, 0);
      block(50);
      return;
    case "reject":
      void Promise.reject(new TypeError("unhandled"));
      return;
    case "loop":
      for (;;) { /* for ever */ }
    case "native":
      neverReturn();
  }
}

serve<ToInference, FromInference>(({ post, failed, log }) => {
  const detector = new Detector({
    clock: systemClock,
    log,
    failed,
    post: (message) => post(message),
    load,
    confine: () => Promise.resolve(UNCONFINED),
  });
  return (message) => detector.handle(message);
});
