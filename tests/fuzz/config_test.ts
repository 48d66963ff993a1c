/** Configuration files under mutation: what they say, and what they cost. */
import assert from "node:assert/strict";
import { stringify } from "yaml";
import { failureText } from "../../src/cli/failure.ts";
import { loadSettings } from "../../src/config/load.ts";
import { ConfigError } from "../../src/config/problems.ts";
import { MAX_CONFIG_BYTES } from "../../src/config/yaml.ts";
import { Redactor } from "../../src/core/redact.ts";
import {
  CONFIG_TEXTS,
  CONFIG_WORDS,
  costlyConfigs,
  ENVIRONMENT,
  FULL_CONFIG,
  SECRET_FILES,
  SECRET_WORDS,
  STRANGE_PASSWORDS,
} from "./corpus/config.ts";
import { corpusOf, mutated } from "./mutate.ts";
import { mutatedValue } from "./mutate_json.ts";
import { fuzz, fuzzRuns, IS_LONG, reportFuzz } from "./runs.ts";

const PATH = "/etc/orion/orion.yaml";
const RUNS = fuzzRuns(400);
/** The size of a costly file in an ordinary test run; the largest possible one in a long run. */
const SHORT_BYTES = 32 * 1024;
/** Eight times what the costliest file of the largest size takes; with a quadratic step it takes minutes. */
const MAX_MS = 60_000;
const decoder = new TextDecoder();

type Outcome = "loaded" | "refused";

/** Loads a file as the product does: its one error is typed, has a place and a remedy, and shows no secret. */
function load(text: string): Outcome {
  const files: Readonly<Record<string, string>> = { [PATH]: text, ...SECRET_FILES };
  try {
    const settings = loadSettings({
      path: PATH,
      root: "/opt/orion",
      env: (name) => ENVIRONMENT[name],
      readText(path) {
        const content = files[path];
        if (content === undefined) throw new Deno.errors.NotFound("no such file");
        return content;
      },
      isFile: (path) => path in files || path.startsWith("/opt/orion/"),
      modeOf: () => ({ bits: 0o644, uid: 1000 }),
    });
    assertSecret(settings.warnings.join("\n"));
    assert.ok(Object.isFrozen(settings));
    return "loaded";
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    assert.equal(error.file, PATH);
    assert.ok(error.problems.length > 0);
    for (const { message, remedy } of error.problems) assert.ok(message !== "" && remedy !== "");
    assertSecret(failureText(error, new Redactor()));
    return "refused";
  }
}

/** Asserts that a text that is shown holds no secret. */
function assertSecret(shown: string): void {
  const lower = shown.toLowerCase();
  for (const word of SECRET_WORDS) assert.ok(!lower.includes(word), shown);
}

function assertBoth(counts: Readonly<Record<Outcome, number>>): void {
  for (const count of Object.values(counts)) assert.ok(count > 0, JSON.stringify(counts));
}

Deno.test("config fuzz: a mutated file loads, or is refused with places, remedies and no secret", async () => {
  // Mutations may move a secret that is written in the file to any key; see the next test for those.
  const plain = (text: string) => text.replaceAll("kestrel", "plain");
  const [first, ...others] = CONFIG_TEXTS;
  const corpus = corpusOf([plain(first), ...others.map(plain), plain(stringify(FULL_CONFIG))]);
  const counts = { loaded: 0, refused: 0 };
  await fuzz({
    name: "config texts",
    seed: 13_101,
    runs: RUNS,
    input: (random) => decoder.decode(mutated(random, corpus, CONFIG_WORDS)),
    shown: JSON.stringify,
    check: (text) => void counts[load(text)]++,
  });
  assertBoth(counts);
});

Deno.test("config fuzz: mutated values load, or are refused with places, remedies and no secret", async () => {
  const counts = { loaded: 0, refused: 0 };
  await fuzz({
    name: "config values",
    seed: 13_102,
    runs: RUNS,
    input: (random) => {
      const value = mutatedValue(random, FULL_CONFIG);
      return random(2) === 0 ? stringify(value) : JSON.stringify(value) ?? "";
    },
    shown: JSON.stringify,
    check: (text) => void counts[load(text)]++,
  });
  assertBoth(counts);
});

Deno.test("config fuzz: no password that YAML takes for syntax is shown", () => {
  for (const password of STRANGE_PASSWORDS) {
    for (const [before, after] of [["", ""], ["{ ", " }"]] as const) {
      // In braces its second half is a key with a value like any other.
      if (before !== "" && password.startsWith(",") && password.includes(": ")) continue;
      for (const key of ["mqtt", "health"]) {
        const name = key === "mqtt" ? "password" : "token";
        const text = `cameras: [{ id: a, url: "demo:" }]\n${key}:\n  ${before}${name}: ${password}`;
        load(`${text}${after}\n`);
        load(`${text}\n  kestrel${after}\n`);
      }
      load(`cameras:\n- ${before}id: a, url: rtsp://u:${password}@h/${after}\n`);
      load(`cameras:\n- ${before}id: a\n  url: ${password}${after}\n`);
    }
  }
});

Deno.test("config fuzz: no file takes more than seconds, whatever it repeats", () => {
  const files = costlyConfigs(IS_LONG ? MAX_CONFIG_BYTES : SHORT_BYTES);
  for (const [name, text] of Object.entries(files)) {
    assert.ok(text.length <= MAX_CONFIG_BYTES, `${name}: ${text.length}`);
    const started = performance.now();
    try {
      assert.equal(load(text), "refused");
    } catch (cause) {
      throw new Error(name, { cause });
    }
    const tookMs = performance.now() - started;
    assert.ok(tookMs < MAX_MS, `${name} took ${tookMs} ms`);
  }
  reportFuzz("costly configs", Object.keys(files).length);
});
