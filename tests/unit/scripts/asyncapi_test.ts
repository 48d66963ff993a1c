import assert from "node:assert/strict";
import { parse } from "yaml";
import { z } from "zod";
import { asyncApiDocument } from "../../../scripts/lib/asyncapi.ts";
import { PAYLOAD_SCHEMAS } from "../../../src/mqtt/payloads.ts";

const SCHEMA = new URL("../../../schema/", import.meta.url);
const reference = z.strictObject({ $ref: z.string() });

/** As far as AsyncAPI 3.0 has it and Orion uses it. */
const documentSchema = z.strictObject({
  asyncapi: z.literal("3.0.0"),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  defaultContentType: z.literal("application/json"),
  servers: z.record(
    z.string(),
    z.strictObject({ host: z.string(), protocol: z.string(), description: z.string() }),
  ),
  channels: z.record(
    z.string(),
    z.strictObject({
      address: z.string(),
      title: z.string(),
      summary: z.string(),
      parameters: z.record(z.string(), z.strictObject({ description: z.string() })),
      messages: z.record(z.string(), reference),
    }),
  ),
  operations: z.record(
    z.string(),
    z.strictObject({
      action: z.enum(["send", "receive"]),
      channel: reference,
      summary: z.string(),
      bindings: z.strictObject({
        mqtt: z.strictObject({
          qos: z.int(),
          retain: z.boolean(),
          bindingVersion: z.literal("0.2.0"),
        }),
      }),
    }),
  ),
  components: z.strictObject({
    messages: z.record(
      z.string(),
      z.strictObject({
        name: z.string(),
        title: z.string(),
        contentType: z.string(),
        payload: z.union([
          z.strictObject({ schemaFormat: z.string(), schema: reference }),
          // What is no JSON.
          z.strictObject({
            type: z.literal("string"),
            format: z.string().optional(),
            enum: z.array(z.string()).optional(),
          }),
        ]),
      }),
    ),
  }),
});

const document = documentSchema.parse(
  parse(Deno.readTextFileSync(new URL("asyncapi.yaml", SCHEMA))),
);

Deno.test("asyncapi: the document has the topics of the contract, in both directions", () => {
  const topics = Object.entries(document.channels).map(([name, { address }]) => {
    const { action, bindings: { mqtt } } = document.operations[name] ?? assert.fail(name);
    return `${action} ${address} ${mqtt.qos} ${mqtt.retain}`;
  });
  assert.deepEqual(topics, [
    "send {prefix}/{instance}/status 1 true",
    "send {prefix}/{instance}/cameras/{camera}/status 1 true",
    "send {prefix}/{instance}/inferences/{camera}/{detector} 0 false",
    "send {prefix}/{instance}/presence/{camera} 1 false",
    "send {prefix}/{instance}/occupancy/{camera}/{zone} 1 true",
    "send {prefix}/{instance}/crossings/{camera}/{line} 1 false",
    "send {prefix}/{instance}/pictures/{camera}/{class} 0 true",
    "send {prefix}/{instance}/cameras/{camera}/detect 1 true",
    "receive {prefix}/{instance}/cameras/{camera}/detect/set 1 false",
    "send {prefix}/{instance}/stays 1 true",
    "send {prefix}/{instance}/stays/sent 0 true",
    "send {prefix}/{instance}/health 1 true",
    "receive {prefix}/{instance}/control 1 false",
    "send {prefix}/{instance}/control/ack 1 false",
  ]);
});

Deno.test("asyncapi: every parameter is described, and every reference leads somewhere", () => {
  const channels = Object.keys(document.channels);
  for (const { address, parameters, messages } of Object.values(document.channels)) {
    const used = [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    assert.deepEqual(Object.keys(parameters), used);
    for (const { $ref } of Object.values(messages)) {
      assert.ok($ref.replace("#/components/messages/", "") in document.components.messages, $ref);
    }
  }
  for (const { channel } of Object.values(document.operations)) {
    assert.ok(channels.includes(channel.$ref.replace("#/channels/", "")), channel.$ref);
  }
  const files = Object.values(document.components.messages).flatMap(({ payload }) =>
    "schema" in payload ? [payload.schema.$ref] : []
  );
  for (const file of files) assert.ok(Deno.statSync(new URL(file, SCHEMA)).isFile, file);
  assert.equal(files.length, Object.keys(PAYLOAD_SCHEMAS).length, "every payload has its topic");
});

Deno.test("asyncapi: the document is generated, for any version", () => {
  assert.equal(asyncApiDocument("9.9.9").info.version, "9.9.9");
});
