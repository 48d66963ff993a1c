import manifest from "../../deno.json" with { type: "json" };

/** Orion's version, as `deno.json` states it. */
export const VERSION: string = manifest.version;
