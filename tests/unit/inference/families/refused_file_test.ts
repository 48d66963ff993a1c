import assert from "node:assert/strict";
import { portField } from "../../../../src/inference/graph/edit_graph.ts";
import { externalFields, modelsWith, smallModel } from "../../../support/models/external_data.ts";
import { assertRefused, type RefusedCase } from "../../../support/models/load.ts";
import { join, message, number, text } from "../../../support/models/onnx.ts";

/** A model whose one output comes from an operator of that name. */
function withOperator(operator: string, domain = ""): Uint8Array {
  const node = [text(1, "images"), text(2, "output0"), text(4, operator)];
  const graph = message(7, [
    message(1, domain === "" ? node : [...node, text(7, domain)]),
    text(2, "test"),
    portField(11, { name: "images", type: "float32", dims: [1, 3, 64, 64] }),
    portField(12, { name: "output0", type: "float32", dims: [1, 6, 84] }),
  ]);
  const opset = message(8, [text(1, ""), number(2, 17)]);
  const own = domain === "" ? [] : [message(8, [text(1, domain), number(2, 1)])];
  return join([number(1, 8), graph, opset, ...own]);
}

function external(): Uint8Array {
  return modelsWith(externalFields("weights.bin")).get("an initializer") ?? assert.fail();
}

/** A model without the list of its operators' sets. */
function withoutOpset(): Uint8Array {
  return join([number(1, 8), withOperator("Identity").subarray(2, -6)]);
}

const CASES: readonly RefusedCase[] = [
  {
    is: "a part of a file",
    bytes: smallModel().subarray(0, 60),
    code: "MODEL_INVALID",
    says: /60 bytes of an ONNX model, not all of one/,
    remedy: /Download or copy the complete \.onnx file again/,
  },
  {
    is: "a model without its opset",
    bytes: withoutOpset(),
    says: /does not say of which opset/,
    remedy: /Export it again/,
  },
  {
    is: "weights in another file",
    bytes: external(),
    code: "MODEL_EXTERNAL_DATA",
    says: /weights in another file, "weights\.bin"/,
    remedy: /external_data=False/,
  },
  {
    is: "compiled for one provider",
    bytes: withOperator("EPContext", "com.microsoft"),
    code: "MODEL_INVALID",
    says: /compiled for one execution provider/,
    remedy: /complete/,
  },
  {
    is: "a plugin of TensorRT",
    bytes: withOperator("EfficientNMS_TRT"),
    says: /EfficientNMS_TRT, which is a plugin of TensorRT/,
    remedy: /--end2end --max-wh 640/,
  },
  {
    is: "an operator of another runtime",
    bytes: withOperator("NMSRotated", "mmdeploy"),
    says: /NMSRotated, which ONNX Runtime does not have/,
    remedy: /standard operators/,
  },
  {
    is: "a newer format",
    bytes: join([withOperator("Identity"), number(1, 99)]),
    says: /a newer format than this ONNX Runtime reads/,
    remedy: /older version/,
  },
];

for (const one of CASES) {
  Deno.test(`refused: ${one.is} is said in one line, with the way on`, () => assertRefused(one));
}
