/**
 * Writes the JSON Schemas of the MQTT payloads, and the AsyncAPI document of their topics, into
 * `schema/`, from the same source that builds them.
 *
 *     deno run --allow-read=schema --allow-write=schema scripts/message_schemas.ts
 *     deno run --allow-read=schema scripts/message_schemas.ts --check
 *
 * `--check` writes nothing and ends with 1 when a file is missing or differs.
 */
import { stringify } from "yaml";
import { VERSION } from "../src/core/version.ts";
import { asyncApiDocument } from "../src/mqtt/asyncapi.ts";
import { payloadSchemaFiles } from "../src/mqtt/json_schemas.ts";

/** Everything that is generated: file name to content. */
export function messageFiles(): ReadonlyMap<string, string> {
  const asyncApi = stringify(asyncApiDocument(VERSION), { lineWidth: 100 });
  return new Map([...payloadSchemaFiles(), ["asyncapi.yaml", asyncApi]]);
}

/** The names of those files in `folder` that are missing or not as they should be. */
export function driftedSchemas(folder: URL): string[] {
  const drifted: string[] = [];
  for (const [name, text] of messageFiles()) {
    if (readOrNull(new URL(name, folder)) !== text) drifted.push(name);
  }
  return drifted;
}

function readOrNull(file: URL): string | null {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function main(args: readonly string[]): number {
  const folder = new URL("../schema/", import.meta.url);
  const say = (line: string) => Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
  const drifted = driftedSchemas(folder);
  if (args.includes("--check")) {
    for (const name of drifted) {
      say(`schema/${name} is not what the payloads are: run scripts/message_schemas.ts`);
    }
    return drifted.length === 0 ? 0 : 1;
  }
  const files = messageFiles();
  for (const name of drifted) {
    Deno.writeTextFileSync(new URL(name, folder), files.get(name) ?? "");
    say(`wrote schema/${name}`);
  }
  return 0;
}

if (import.meta.main) Deno.exit(main(Deno.args));
