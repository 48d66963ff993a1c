/** What the costliest configuration files take of memory. */
import assert from "node:assert/strict";
import { MAX_CONFIG_BYTES, parseYaml } from "../../src/config/yaml.ts";
import { costlyConfigs } from "../fuzz/corpus/config.ts";

/** Of a process of its own 270 MB; with files of 1 MiB it was 900 MB. */
const MAX_GROWTH_BYTES = 500 * 1024 * 1024;

Deno.test("config: the costliest file takes less than 500 MB of memory", () => {
  const text = costlyConfigs(MAX_CONFIG_BYTES)["open lists"] ?? "";
  assert.ok(text.length > MAX_CONFIG_BYTES - 100, "it is as large as a file may be");
  const before = Deno.memoryUsage().rss;
  const { problems } = parseYaml(text);
  // Not collected before: a start that refuses the file has no time for it either.
  const grown = Deno.memoryUsage().rss - before;
  assert.ok(problems.length > 0);
  assert.ok(grown < MAX_GROWTH_BYTES, `it grew by ${grown} bytes`);
});
