/** What there is in the code is documented, and what is documented is there: both ways, by name. */
import assert from "node:assert/strict";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { configKeys, configPage } from "../../../scripts/lib/config_page.ts";
import { configJsonSchema } from "../../../scripts/lib/config_schema.ts";
import { ROOT, sourceFiles, walk } from "../../../scripts/testing/checkout.ts";
import { COMMAND_NAMES } from "../../../src/core/commands.ts";
import { COUNTERS, GAUGES } from "../../../src/health/metric_table.ts";
import { topicsOf } from "../../../src/mqtt/topics.ts";

function page(path: string): string {
  return Deno.readTextFileSync(`${ROOT}/${path}`);
}

/** What stands in backticks in the first column of the tables of a page, from a heading on. */
function firstColumn(path: string, heading = ""): string[] {
  const text = page(path);
  const from = heading === "" ? 0 : text.indexOf(`\n## ${heading}\n`);
  assert.ok(from >= 0, `${path} has no ${heading}`);
  const end = heading === "" ? -1 : text.indexOf("\n## ", from + 1);
  const part = end === -1 ? text.slice(from) : text.slice(from, end);
  return [...part.matchAll(/^\| *(`[^|]*`) *\|/gm)]
    .flatMap(([, cell = ""]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word));
}

/** Asserts that two lists of names are the same, each name once. */
function assertSame(documented: readonly string[], known: readonly string[], what: string): void {
  assert.deepEqual(documented.toSorted(), [...new Set(known)].toSorted(), what);
}

Deno.test("documented: every key of the configuration, with what it means", () => {
  const keys = configKeys();
  assert.ok(keys.length > 60 && keys.includes("cameras[].zones[].polygon"), keys.join());
  const rows = [...configPage().matchAll(/^\| `\w+` .*\| *(.*?) *\|$/gm)];
  assert.equal(rows.length, keys.length);
  assert.deepEqual(rows.filter(([, means]) => means === "").map(([row]) => row), []);
});

Deno.test("documented: of a key with two numbers a point, of one with three a list", () => {
  assert.match(configPage(), /^\| `from` +\| `\[x, y\]` +\|/m);
  assert.match(configPage(), /^\| `std` +\| number, \S+ to 1000 or list of 3: number, /m);
});

Deno.test("documented: every command over MQTT, and no other", () => {
  const table = firstColumn("docs/mqtt.md", "Commands").filter((word) => /^[a-z_]+$/.test(word));
  assertSame(table, COMMAND_NAMES, "docs/mqtt.md, Commands");
});

Deno.test("documented: every topic, and no other", () => {
  const topics = topicsOf({ topicPrefix: "P", instance: "I" });
  const { left: _left, ...single } = topics;
  const known = [
    ...Object.values(single).filter((topic) => typeof topic === "string"),
    topics.camera("CAMERA"),
    topics.inference("CAMERA", "DETECTOR"),
    topics.presence("CAMERA"),
    topics.occupancy("CAMERA", "ZONE"),
    topics.crossing("CAMERA", "LINE"),
    topics.picture("CAMERA", "CLASS"),
    topics.detect("CAMERA"),
    topics.detectSet("CAMERA"),
  ];
  // Each property of the object is a topic, or a function that is called here.
  assert.equal(Object.keys(single).length, known.length);
  const documented = firstColumn("docs/mqtt.md").filter((word) => word.startsWith("P/I/"));
  assertSame(documented, known, "docs/mqtt.md");
});

/** The metrics; the ones that `metrics.ts` counts itself are no part of the table. */
const METRICS: readonly string[] = [
  ...[...COUNTERS, ...GAUGES].map(({ name }) => name),
  ...[...page("src/health/metrics.ts").matchAll(/name: "(\w+)"/g)].map(([, name = ""]) => name),
];

/** The page of metrics, where the checkout has one. */
const METRICS_PAGE = [...walk(ROOT, "docs")].find((path) => path === "docs/metrics.md");

Deno.test({
  name: "documented: every metric",
  ignore: METRICS_PAGE === undefined,
  fn() {
    const text = page(METRICS_PAGE ?? "");
    assert.deepEqual(METRICS.filter((name) => !text.includes(`\`${name}\``)), []);
  },
});

Deno.test("documented: no metric that is not there", () => {
  const families = new Set(METRICS);
  const found = [...walk(ROOT, "docs"), "README.md"].filter((path) => path.endsWith(".md"))
    .filter((path) => !path.startsWith("docs/decisions/"))
    .flatMap((path) => [...page(path).matchAll(/\borion_[a-z_]+[a-z]\b/g)].map(([name]) => name))
    .map((name) => name.replace(/_(?:bucket|sum|count)$/, ""))
    .filter((name) => !families.has(name) && !NO_METRICS.has(name));
  assert.deepEqual([...new Set(found)], []);
});

/** Other names that begin as metrics do: a cookie, blueprints. */
const NO_METRICS: ReadonlySet<string> = new Set(["orion_session", "orion_notify", "orion_light"]);

/** Texts in capitals that look like codes: RTSP methods, variables, and the codes of others. */
const NO_CODES =
  /^(?:[GS]ET_PARAMETER|ORION_\w+|ORT_\w+|DENO_\w+|EAI_\w+|INFERENCE_NUM_THREADS|NUM_STREAMS|CERT_\w+|ERR_\w+|HPE_\w+)$/;

/** The codes of errors, refusals and reasons that the code writes. */
function codesInSource(): string[] {
  const codes = sourceFiles().filter(({ path }) => path.startsWith("src/")).flatMap(({ text }) => [
    ...text.matchAll(/"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g),
    ...text.matchAll(/\bcode: "([A-Z][A-Z0-9]*)"/g),
    // The tables of `src/rtsp/errors.ts` and `src/libav/error.ts`.
    ...text.matchAll(/^ {2}([A-Z]+(?:_[A-Z]+)+): (?:retryable|permanent|again|final)\(/gm),
  ]).map(([, code = ""]) => code);
  return [...new Set(codes)].filter((code) => !NO_CODES.test(code));
}

Deno.test("documented: every error code, and no other", () => {
  const codes = codesInSource();
  assert.ok(codes.length > 100, codes.join());
  const documented = firstColumn("docs/errors.md").filter((word) => /^[A-Z0-9_]+$/.test(word));
  assertSame(documented, codes, "docs/errors.md");
});

Deno.test("documented: no page names an error code that is not there", () => {
  const codes = new Set(codesInSource());
  const prefixes = new Set([...codes].map((code) => code.split("_")[0]));
  const found = [...walk(ROOT, "docs")].filter((path) => path.endsWith(".md"))
    .filter((path) => !path.startsWith("docs/decisions/"))
    .flatMap((path) =>
      [...page(path).matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g)]
        .map(([, code = ""]) => code)
        .filter((code) => prefixes.has(code.split("_")[0]) && !codes.has(code))
        .map((code) => `${path}: ${code}`)
    );
  assert.deepEqual(found, []);
});

Deno.test("documented: every path of the HTTP interface", () => {
  const routes = sourceFiles().filter(({ path }) => path.startsWith("src/health/"))
    .flatMap(({ text }) => [...text.matchAll(/\bapp\.(get|post)\("([^"*]+)"/g)])
    .map(([, method = "", path = ""]) => {
      const named = path.replace(/:camera\b/, "CAMERA").replace(/:file\{.*\}/, "ID.jpg");
      return `${method.toUpperCase()} ${named}`;
    });
  assert.ok(routes.length >= 12, routes.join());
  const text = page("README.md");
  const missing = routes.filter((route) =>
    !new RegExp(`\`${route.replace(/[.]/g, "\\.")}(?![\\w/])`).test(text)
  );
  assert.deepEqual(missing, []);
});

/** The schema of the configuration without what it requires: for excerpts. */
function lenient(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(lenient);
  if (schema === null || typeof schema !== "object") return schema;
  return Object.fromEntries(
    Object.entries(schema).filter(([key]) => key !== "required" && key !== "minItems")
      .map(([key, value]) => [key, lenient(value)]),
  );
}

/** Blocks of YAML that are no configuration of Orion: their first keys. */
const OTHER_YAML = new Set(["triggers"]);

Deno.test("documented: what the documents show of a configuration fits its schema", () => {
  const schema = lenient(configJsonSchema());
  assert.ok(schema !== null && typeof schema === "object");
  const validate = new Ajv({ strict: false }).compile(schema);
  const paths = [...walk(ROOT, "docs"), "README.md", "models/README.md"]
    .filter((path) => path.endsWith(".md"));
  const blocks = paths.flatMap((path) =>
    [...page(path).matchAll(/^( *)```yaml.*\n([^]*?)^ *```$/gm)].map((
      [, indent = "", text = ""],
    ) => ({
      path,
      value: parse(text.replaceAll(new RegExp(`^${indent}`, "gm"), "")),
    }))
  ).filter(({ value }) => !OTHER_YAML.has(Object.keys(value)[0] ?? ""));
  assert.ok(blocks.length >= 8, `${blocks.length}`);
  const wrong = blocks.filter(({ value }) => !validate(value))
    .map(({ path, value }) => `${path}: ${JSON.stringify(value)}`);
  assert.deepEqual(wrong, []);
});
