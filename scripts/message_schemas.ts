/**
 * Writes the JSON Schemas of the MQTT payloads into `schema/`, from the same source that builds them.
 *
 *     deno run --allow-read=schema --allow-write=schema scripts/message_schemas.ts
 *     deno run --allow-read=schema scripts/message_schemas.ts --check
 *
 * `--check` writes nothing and ends with 1 when a file is missing or differs.
 */
import { payloadSchemaFiles } from "../src/mqtt/json_schemas.ts";

/** The names of those files in `folder` that are missing or not as they should be. */
export function driftedSchemas(folder: URL): string[] {
  const drifted: string[] = [];
  for (const [name, text] of payloadSchemaFiles()) {
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
  const files = payloadSchemaFiles();
  for (const name of drifted) {
    Deno.writeTextFileSync(new URL(name, folder), files.get(name) ?? "");
    say(`wrote schema/${name}`);
  }
  return 0;
}

if (import.meta.main) Deno.exit(main(Deno.args));
