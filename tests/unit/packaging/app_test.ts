/** The app of Home Assistant: its layout as the supervisor reads it, and Orion's configuration from its options. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { APP_ARCH, appConfig } from "../../../scripts/lib/app.ts";
import { TARGETS } from "../../../scripts/lib/targets.ts";
import { BUILTIN_MODELS } from "../../../src/config/models.ts";
import { loadSettings } from "../../../src/config/load.ts";
import {
  brokerVariables,
  configure,
  type MqttService,
  type Options,
} from "../../../packaging/home-assistant-addon/orion/app/configuration.ts";
import { mqttService } from "../../../packaging/home-assistant-addon/orion/app/supervisor.ts";
import { ROOT } from "../../support/system/files.ts";

const FOLDER = `${ROOT}/packaging/home-assistant-addon`;
const read = (path: string) => Deno.readTextFileSync(`${FOLDER}/${path}`);
const CONFIG = parse(read("orion/config.yaml"));

/**
 * The keys of `config.yaml` that the app has, and their values, as the supervisor's validation accepts them:
 * https://developers.home-assistant.io/docs/apps/configuration
 */
const isBoolean = (value: unknown) => typeof value === "boolean";
const isText = (value: unknown) => typeof value === "string" && value !== "";
const listOf = (pattern: RegExp) => (value: unknown) =>
  Array.isArray(value) && value.every((one) => pattern.test(String(one)));
const KEYS: Readonly<Record<string, (value: unknown) => boolean>> = {
  name: isText,
  version: isText,
  slug: (value) => /^[-_.A-Za-z0-9]+$/.test(String(value)),
  description: isText,
  arch: listOf(/^(aarch64|amd64)$/),
  homeassistant: (value) => /^\d{4}\.\d{1,2}\.\d+$/.test(String(value)),
  ingress: isBoolean,
  panel_icon: (value) => /^mdi:[a-z-]+$/.test(String(value)),
  panel_title: isText,
  services: listOf(/^(mqtt|mysql):(provide|want|need)$/),
  map: (value) => Array.isArray(value),
  tmpfs: isBoolean,
  timeout: (value) => Number.isInteger(value) && Number(value) >= 10 && Number(value) <= 300,
  options: (value) => typeof value === "object",
  schema: (value) => typeof value === "object",
};

/** Values that mean the same as the key's absence, which the linter of apps reports. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  init: true,
  timeout: 10,
  ingress: false,
  tmpfs: false,
};

/** The type of an option: a word, with bounds or choices, and a question mark where it may be absent. */
const OPTION_TYPE =
  /^(bool|email|url|port|(str|password|int|float)(\(-?[\d.]*,-?[\d.]*\))?|match\(.*\)|list\(.+\)|device)\??$/;

type Described = string | Described[] | { [key: string]: Described };

function typesIn(schema: Described): string[] {
  if (typeof schema === "string") return [schema];
  return Object.values(schema).flatMap(typesIn);
}

/** Whether a value is of the type of an option, as far as the types in use go. */
function isOf(type: string, value: unknown): boolean {
  if (value === undefined) return type.endsWith("?");
  const [, name, inside = ""] = /^(\w+)(?:\((.*)\))?\??$/.exec(type) ?? [];
  if (name === "bool") return isBoolean(value);
  if (name === "match") return new RegExp(inside).test(String(value));
  if (name === "list") return inside.split("|").includes(String(value));
  if (name !== "float") return typeof value === "string";
  const [min, max] = inside.split(",").map(Number);
  return Number(value) >= Number(min) && Number(value) <= Number(max);
}

const OPTIONS: Options = CONFIG.options;
const SERVICE: MqttService = {
  ...{ host: "core-mosquitto", port: 1883, ssl: false },
  ...{ username: "addons", password: "p$a ${ss}#%\\w" },
};

function settingsOf(options: Options, service: MqttService | null) {
  const { text, variables } = configure(options, service);
  return loadSettings({
    path: "/data/orion.yaml",
    root: ROOT,
    env: (name) => variables[name],
    readText: () => text,
    modeOf: () => ({ bits: 0o644, uid: 0 }),
  });
}

Deno.test("app: config.yaml has keys that the supervisor knows, with values that it accepts", () => {
  for (const [key, value] of Object.entries(CONFIG)) {
    assert.equal(KEYS[key]?.(value), true, `${key}: ${JSON.stringify(value)}`);
    assert.notDeepEqual(DEFAULTS[key], value, `${key} is the default`);
  }
  for (const key of ["name", "version", "slug", "description", "arch"]) {
    assert.ok(key in CONFIG, key);
  }
  for (const { type, read_only } of CONFIG.map) {
    assert.deepEqual([type, read_only], ["addon_config", true]);
  }
  assert.deepEqual(new Set(CONFIG.arch), new Set(Object.values(APP_ARCH)));
});

Deno.test("app: its options have types that there are, defaults of these types, and a translation each", () => {
  for (const type of typesIn(CONFIG.schema)) assert.match(type, OPTION_TYPE);
  const { cameras, ...plain } = CONFIG.schema;
  for (const [name, type] of Object.entries<string>(plain)) {
    assert.ok(isOf(type, CONFIG.options[name]), name);
  }
  for (const camera of CONFIG.options.cameras) {
    for (const [name, type] of Object.entries<string>(cameras[0])) {
      assert.ok(isOf(type, camera[name]), name);
    }
  }
  assert.equal(CONFIG.schema.model, `list(${BUILTIN_MODELS.join("|")})`);
  const { configuration } = parse(read("orion/translations/en.yaml"));
  assert.deepEqual(Object.keys(configuration), Object.keys(CONFIG.schema));
  assert.deepEqual(Object.keys(configuration.cameras.fields), Object.keys(cameras[0]));
});

Deno.test("app: the repository has the files that Home Assistant shows", () => {
  assert.deepEqual(Object.keys(parse(read("repository.yaml"))), ["name"]);
  for (const name of ["README.md", "DOCS.md", "Dockerfile"]) {
    assert.ok(read(`orion/${name}`).length > 100);
  }
  for (const [name, width, height] of [["icon.png", 128, 128], ["logo.png", 250, 100]] as const) {
    const view = new DataView(Deno.readFileSync(`${FOLDER}/orion/${name}`).buffer);
    assert.deepEqual([view.getUint32(16), view.getUint32(20)], [width, height], name);
  }
});

Deno.test("app: its configuration is given the version, and the machines that there are archives for", () => {
  const { version, arch } = parse(appConfig(read("orion/config.yaml"), "0.1.0+abc", ["amd64"]));
  assert.deepEqual([version, arch], ["0.1.0-abc", ["amd64"]]);
  assert.match(version, /^\w[\w.-]{0,127}$/, "a tag of an image, which the supervisor makes of it");
  assert.deepEqual(TARGETS.map((target) => APP_ARCH[target.arch]), ["amd64", "aarch64"]);
});

Deno.test("app: the options as installed, with the supervisor's broker, are a valid configuration", () => {
  const { cameras, detectors, mqtt, health, warnings } = settingsOf(OPTIONS, SERVICE);
  // Both are on Home Assistant's own machine.
  assert.deepEqual(warnings.map((one) => one.split(";")[0]), [
    "mqtt.url: the password travels unencrypted to core-mosquitto",
  ]);
  assert.deepEqual([cameras.map(({ id }) => id), detectors.map(({ id }) => id)], [["demo"], [
    "person",
  ]]);
  assert.deepEqual([mqtt.address.hostname, mqtt.username], ["core-mosquitto", "addons"]);
  assert.equal(mqtt.password?.expose(), SERVICE.password);
  assert.deepEqual([mqtt.isEmbedded, health.listen?.hostname, health.token], [
    false,
    "127.0.0.1",
    null,
  ]);
});

Deno.test("app: without a broker Orion is one itself, and mqtt_url goes before the supervisor's", () => {
  assert.equal(settingsOf(OPTIONS, null).mqtt.isEmbedded, true);
  const own = { ...OPTIONS, mqtt_url: "mqtt://192.168.1.9" };
  const { mqtt } = settingsOf(own, SERVICE);
  assert.deepEqual([mqtt.address.hostname, mqtt.username], ["192.168.1.9", null]);
  assert.deepEqual(brokerVariables(own, SERVICE), { MQTT_URL: "mqtt://192.168.1.9" });
});

Deno.test("app: a camera's user and password may hold any character, and the configuration holds neither", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
  fc.assert(fc.property(text, text, (username, password) => {
    const camera = { id: "gate", url: "rtsp://192.168.1.20:8554/a?b=1", username, password };
    const options = { ...OPTIONS, cameras: [camera] };
    const configured = configure(options, null);
    assert.ok(configured.text.includes('"${CAMERA_1_URL}"'));
    const url = new URL(configured.variables["CAMERA_1_URL"] ?? "");
    assert.deepEqual(
      [decodeURIComponent(url.username), decodeURIComponent(url.password), url.host, url.search],
      [username, password, "192.168.1.20:8554", "?b=1"],
    );
    assert.equal(settingsOf(options, null).cameras[0]?.endpoint?.port, 8554);
  }));
});

Deno.test("app: the supervisor's broker is asked for with the app's token; without one there is a warning", async () => {
  const asked: (string | null)[] = [];
  const answers = [
    Response.json({ result: "ok", data: SERVICE }),
    Response.json({ result: "error", message: "Service not enabled" }, { status: 400 }),
  ];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => undefined },
    (request) => {
      asked.push(request.headers.get("authorization"));
      return answers.shift() ?? assert.fail();
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}/services/mqtt`;
  const said: string[] = [];
  assert.deepEqual(await mqttService("secret", (text) => said.push(text), url), SERVICE);
  assert.deepEqual([asked, said], [["Bearer secret"], []]);
  assert.equal(await mqttService("secret", (text) => said.push(text), url), null);
  assert.match(said.join(), /^warning: .*\(Service not enabled\).*Mosquitto/);
});
