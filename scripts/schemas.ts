/**
 * Writes what is generated: the JSON Schemas of the configuration and of the MQTT payloads, the
 * AsyncAPI document of the MQTT topics, and the pages of the commands and of the
 * configuration's keys, each from the source
 * that the product uses.
 *
 *     deno run --allow-read=. --allow-write=schema,docs scripts/schemas.ts
 *     deno run --allow-read=. scripts/schemas.ts --check
 *
 * `--check` writes nothing and ends with 1 when a file is missing or differs.
 */
import { stringify } from "yaml";
import { VERSION } from "../src/core/version.ts";
import { asyncApiDocument } from "./lib/asyncapi.ts";
import { commandsPage } from "./lib/commands_page.ts";
import { configPage } from "./lib/config_page.ts";
import { configJsonSchema } from "./lib/config_schema.ts";
import { payloadJsonSchemas } from "./lib/payload_schemas.ts";

/** All generated files: path from the root of the checkout to content. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const files = new Map([["schema/orion.schema.json", jsonText(configJsonSchema())]]);
  for (const [name, schema] of payloadJsonSchemas()) {
    files.set(`schema/${name.replace("/", ".")}.schema.json`, jsonText(schema));
  }
  files.set("schema/asyncapi.yaml", stringify(asyncApiDocument(VERSION), { lineWidth: 100 }));
  files.set("docs/configuration.md", configPage());
  files.set("docs/commands.md", commandsPage());
  return files;
}

/** The paths of those files in a checkout that are missing or differ. */
export function driftedFiles(root: URL): string[] {
  const drifted: string[] = [];
  for (const [path, text] of generatedFiles()) {
    if (readOrNull(new URL(path, root)) !== text) drifted.push(path);
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
  const root = new URL("../", import.meta.url);
  const say = (line: string) => Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
  const drifted = driftedFiles(root);
  if (args.includes("--check")) {
    for (const name of drifted) {
      say(`error: ${name} differs from its source`);
      say("  → Run scripts/schemas.ts and commit the result.");
    }
    return drifted.length === 0 ? 0 : 1;
  }
  const files = generatedFiles();
  for (const name of drifted) {
    Deno.writeTextFileSync(new URL(name, root), files.get(name) ?? "");
    say(`wrote ${name}`);
  }
  return 0;
}

if (import.meta.main) Deno.exit(main(Deno.args));
