/** The demo's clip: the bundled models find its people where they are, and nothing in its empty frames. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cropOf, iou } from "../../../src/core/geometry.ts";
import { selectClasses } from "../../../src/inference/labels.ts";
import { Postprocessor } from "../../../src/inference/postprocess.ts";
import { ModelSession } from "../../../src/inference/session.ts";
import { clipTensor, peopleInClip } from "../../support/clips/clip.ts";
import { DEMO_CLIP, DEMO_TRUTH, ROOT } from "../../support/system/files.ts";
import { havePart } from "../../support/system/parts.ts";
import { inputFor } from "../../../src/core/model_input.ts";
import { DEFAULTS } from "../../support/models/defaults.ts";

/** The demo's threshold, which is the default. */
const CONFIDENCE = 0.45;
const MIN_IOU = 0.7;
const SIZE = { width: 1280, height: 720 };
/** Frames without anyone, with one of the two, and with one who is partly in the picture. */
const FRAMES = [0, 50, 75, 125, 200, 250, 325, 375, 430, 549];

for (const [model, options] of DEFAULTS) {
  Deno.test({
    name: `demo clip: ${model} finds each of its people, and nothing where the pavement is empty`,
    ignore: !havePart("ffmpeg"),
    async fn() {
      await using session = await ModelSession.load(options);
      const classes = selectClasses(session.labels, ["person"], "builtin:person");
      const processor = new Postprocessor({ labels: session.labels, classes, iou: 0.5 });
      for (const frame of FRAMES) {
        const crop = cropOf(null, SIZE);
        const size = inputFor(session.input, crop);
        const { tensor, fit } = await clipTensor(frame, "", crop, size, DEMO_CLIP);
        const found = processor.run(await session.run(tensor, size), fit, CONFIDENCE).detections;
        const people = (await peopleInClip(frame, DEMO_TRUTH)).filter(({ width }) => width > 1);
        assert.equal(found.length, people.length, `frame ${frame}`);
        for (const person of people) {
          const overlap = Math.max(...found.map(({ box }) => iou(box, person)));
          assert.ok(overlap >= MIN_IOU, `frame ${frame}: ${overlap.toFixed(2)}`);
        }
      }
    },
  });
}

Deno.test("demo clip: the files are those whose digests are documented", () => {
  const documented = Deno.readTextFileSync(`${ROOT}/assets/README.md`);
  for (const path of [DEMO_CLIP, DEMO_TRUTH]) {
    const digest = createHash("sha256").update(Deno.readFileSync(path)).digest("hex");
    assert.ok(documented.includes(`\`${digest}\``), `${path}: ${digest}`);
  }
});
