import { z } from "zod";
import { PAYLOAD_SCHEMAS } from "./payloads.ts";

/**
 * The JSON Schemas (draft 2020-12) of every payload, as the texts of the files that hold them.
 * @returns file name to content: `orion.status.1.schema.json`, and so on
 */
export function payloadSchemaFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [name, schema] of Object.entries(PAYLOAD_SCHEMAS)) {
    const { $schema, ...rest } = z.toJSONSchema(schema, { target: "draft-2020-12" });
    const titled = { $schema, $id: `urn:orion:schema:${name}`, title: name, ...rest };
    files.set(`${name.replace("/", ".")}.schema.json`, `${JSON.stringify(titled, null, 2)}\n`);
  }
  return files;
}
