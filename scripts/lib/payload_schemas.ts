import { z } from "zod";
import { PAYLOAD_SCHEMAS } from "../../src/mqtt/payloads.ts";

/** The JSON Schema (draft 2020-12) of every payload, by the name its `schema` key carries. */
export function payloadJsonSchemas(): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const schemas = new Map<string, Readonly<Record<string, unknown>>>();
  for (const [name, payload] of Object.entries(PAYLOAD_SCHEMAS)) {
    const { $schema, ...rest } = z.toJSONSchema(payload, { target: "draft-2020-12" });
    schemas.set(name, { $schema, $id: `urn:orion:schema:${name}`, title: name, ...rest });
  }
  return schemas;
}
