/** Inference messages as a subscriber reads them, checked against the published schema. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { BoxPx } from "../../../src/core/geometry.ts";
import { ROOT } from "../system/files.ts";
import type { Received } from "./mosquitto.ts";

/** The payload of `P/I/inferences/…`, as far as the tests read it. */
export interface InferenceMessage {
  readonly camera: string;
  readonly detector: string;
  readonly model: { readonly name: string; readonly sha256: string };
  readonly frame: {
    readonly seq: number;
    readonly width: number;
    readonly height: number;
    readonly ptsSeconds: number;
    readonly capturedAt: string;
    readonly clock: string;
  };
  readonly roi: BoxPx | null;
  readonly detections: readonly {
    readonly class: string;
    readonly confidence: number;
    readonly box: BoxPx;
  }[];
  readonly timing: Readonly<Record<string, number>>;
  readonly drops: { readonly sinceLast: number };
}

/** Validates a payload against `schema/NAME.schema.json`; throws with every problem. */
export class Schemas {
  readonly #ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false });
  readonly #validators = new Map<string, ValidateFunction>();

  validate(name: string, payload: unknown): void {
    let validator = this.#validators.get(name);
    if (validator === undefined) {
      const text = Deno.readTextFileSync(`${ROOT}/schema/${name}.schema.json`);
      validator = this.#ajv.compile(JSON.parse(text));
      this.#validators.set(name, validator);
    }
    if (validator(payload)) return;
    throw new Error(
      `${name}: ${this.#ajv.errorsText(validator.errors)}\n${JSON.stringify(payload)}`,
    );
  }
}

/** The inference messages among those received, each validated against its schema. */
export function inferences(messages: readonly Received[], schemas: Schemas): InferenceMessage[] {
  return messages.filter(({ topic }) => topic.includes("/inferences/")).map((message) => {
    const parsed: InferenceMessage = JSON.parse(message.payload);
    schemas.validate("orion.inference.1", parsed);
    return parsed;
  });
}
