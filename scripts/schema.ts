/**
 * Writes `schema/orion.schema.json` from the configuration's schema; with `--check` only says whether
 * it is up to date.
 *
 *     deno run --allow-read=. --allow-write=schema scripts/schema.ts [--check]
 */
import { configJsonSchemaText } from "../src/config/json_schema.ts";

const FILE = new URL("../schema/orion.schema.json", import.meta.url);

/** The file's text, or null when there is none. */
function current(): string | null {
  try {
    return Deno.readTextFileSync(FILE);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function say(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}

if (import.meta.main) {
  const wanted = configJsonSchemaText();
  if (current() === wanted) {
    say("schema/orion.schema.json is up to date");
  } else if (Deno.args.includes("--check")) {
    say("error: schema/orion.schema.json is not what the configuration's schema says");
    say("  → Run scripts/schema.ts and commit the result.");
    Deno.exit(1);
  } else {
    Deno.writeTextFileSync(FILE, wanted);
    say("schema/orion.schema.json written");
  }
}
