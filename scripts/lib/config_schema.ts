import { z } from "zod";
import { configSchema } from "../../src/config/schema.ts";

/** A text with a reference to the environment is validated after its expansion only. */
const REFERENCE_PATTERN = "\\$\\{[A-Za-z_]";

/** Generates the JSON Schema of the configuration file, for editors. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(configSchema, {
    io: "input",
    target: "draft-07",
    override: ({ jsonSchema }) => {
      // A part with a default is visited twice, with and without it.
      if (jsonSchema.pattern === undefined || jsonSchema.pattern.endsWith(REFERENCE_PATTERN)) {
        return;
      }
      jsonSchema.pattern = `${jsonSchema.pattern}|${REFERENCE_PATTERN}`;
    },
  });
  return { $id: "orion.schema.json", title: "Orion configuration", ...schema };
}
