/**
 * Writes `schema/orion.schema.json` from the schema of the configuration; with `--check` only checks that
 * it is up to date.
 *
 *     deno run --allow-read=. --allow-write=schema scripts/schema.ts [--check]
 */
import { configJsonSchemaText } from "./lib/config_schema.ts";

const FILE = new URL("../schema/orion.schema.json", import.meta.url);

/** The current text, or null when the file does not exist. */
function current(): string | null {
  try {
    return Deno.readTextFileSync(FILE);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function print(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}

if (import.meta.main) {
  const wanted = configJsonSchemaText();
  if (current() === wanted) {
    print("schema/orion.schema.json is up to date");
  } else if (Deno.args.includes("--check")) {
    print("error: schema/orion.schema.json does not match the schema of the configuration");
    print("  → Run scripts/schema.ts and commit the result.");
    Deno.exit(1);
  } else {
    Deno.writeTextFileSync(FILE, wanted);
    print("schema/orion.schema.json written");
  }
}
