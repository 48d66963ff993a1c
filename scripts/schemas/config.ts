import { z } from "zod";
import { configSchema } from "../../src/config/schema.ts";

/** Matches a text with a reference to the environment, which is validated once it is resolved. */
const REFERENCE_PATTERN = "\\$\\{[A-Za-z_]";

/** The JSON Schema of the configuration file, for editors. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(configSchema, {
    io: "input",
    target: "draft-07",
    override: ({ jsonSchema }) => {
      // zod visits a part with a default twice: with and without it.
      if (jsonSchema.pattern === undefined || jsonSchema.pattern.endsWith(REFERENCE_PATTERN)) {
        return;
      }
      jsonSchema.pattern = `${jsonSchema.pattern}|${REFERENCE_PATTERN}`;
    },
  });
  return { $id: "orion.schema.json", title: "Orion configuration", ...schema };
}
