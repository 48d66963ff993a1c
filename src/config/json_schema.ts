import { z } from "zod";
import { configSchema } from "./schema.ts";

/** A text that takes something from the environment is judged once that is filled in. */
const REFERENCE_PATTERN = "\\$\\{[A-Za-z_]";

/** The JSON Schema of the configuration file, for editors. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(configSchema, {
    io: "input",
    target: "draft-07",
    override: ({ jsonSchema }) => {
      // A part with a default is seen twice, with and without it.
      if (jsonSchema.pattern === undefined || jsonSchema.pattern.endsWith(REFERENCE_PATTERN)) {
        return;
      }
      jsonSchema.pattern = `${jsonSchema.pattern}|${REFERENCE_PATTERN}`;
    },
  });
  return { $id: "orion.schema.json", title: "Orion configuration", ...schema };
}

/** The same as the text of the file `schema/orion.schema.json`. */
export function configJsonSchemaText(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}
