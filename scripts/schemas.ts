/**
 * Writes what is generated into `schema/`: the JSON Schemas of the configuration and of the MQTT
 * payloads, and the AsyncAPI document of the MQTT topics, each from the source that the product uses.
 *
 *     deno run --allow-read=. --allow-write=schema scripts/schemas.ts
 *     deno run --allow-read=. scripts/schemas.ts --check
 *
 * `--check` writes nothing and ends with 1 when a file is missing or differs.
 */
import { stringify } from "yaml";
import { VERSION } from "../src/core/version.ts";
import { asyncApiDocument } from "./lib/asyncapi.ts";
import { configJsonSchema } from "./lib/config_schema.ts";
import { payloadJsonSchemas } from "./lib/payload_schemas.ts";

/** All generated files: name to content. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const files = new Map([["orion.schema.json", jsonText(configJsonSchema())]]);
  for (const [name, schema] of payloadJsonSchemas()) {
    files.set(`${name.replace("/", ".")}.schema.json`, jsonText(schema));
  }
  files.set("asyncapi.yaml", stringify(asyncApiDocument(VERSION), { lineWidth: 100 }));
  return files;
}

/** The names of those files in `folder` that are missing or differ. */
export function driftedFiles(folder: URL): string[] {
  const drifted: string[] = [];
  for (const [name, text] of generatedFiles()) {
    if (readOrNull(new URL(name, folder)) !== text) drifted.push(name);
  }
  return drifted;
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
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
  const drifted = driftedFiles(folder);
  if (args.includes("--check")) {
    for (const name of drifted) {
      say(`error: schema/${name} differs from its source`);
      say("  → Run scripts/schemas.ts and commit the result.");
    }
    return drifted.length === 0 ? 0 : 1;
  }
  const files = generatedFiles();
  for (const name of drifted) {
    Deno.writeTextFileSync(new URL(name, folder), files.get(name) ?? "");
    say(`wrote schema/${name}`);
  }
  return 0;
}

if (import.meta.main) Deno.exit(main(Deno.args));
