/** A real Home Assistant on 127.0.0.1, set up as a person does it: first user, MQTT, entities. */
import assert from "node:assert/strict";
import { Child } from "../system/children.ts";
import { ROOT, type TempFolder, tempFolder } from "../system/files.ts";
import { WAIT_TIMEOUT_MS } from "../system/lines.ts";
import { HOME_ASSISTANT } from "../system/parts.ts";
import { freePort } from "../system/ports.ts";
import { isRecord, type Json, Socket } from "./socket.ts";

/** It imports a large program; on a busy machine that takes its time. */
const START_TIMEOUT_MS = 3 * WAIT_TIMEOUT_MS;
const POLL_MS = 50;
/** Where a person's browser would be; Home Assistant demands that the same is named twice. */
const CLIENT_ID = "http://127.0.0.1/";

/**
 * Home Assistant 2025.4 at times, in one of some ten runs, does not parse the template of an entity's
 * availability, and never shows that entity.
 */
const UNPARSED = "'str' object has no attribute 'hass'";
const MAX_STARTS = 3;

/** An entity with its state. */
export interface EntityState {
  readonly entity: string;
  readonly state: string;
  readonly attributes: Json;
}

export class HomeAssistant implements AsyncDisposable {
  readonly #child: Child;
  readonly #folder: TempFolder;
  readonly #url: string;
  #token = "";
  #socket: Socket | null = null;

  private constructor(child: Child, folder: TempFolder, url: string) {
    this.#child = child;
    this.#folder = folder;
    this.#url = url;
  }

  /** Starts one without a user, makes the first, and returns when it answers. */
  static async start(blueprints: Readonly<Record<string, string>> = {}): Promise<HomeAssistant> {
    const folder = tempFolder();
    const port = freePort();
    folder.write("configuration.yaml", configuration(port));
    folder.write("automations.yaml", "[]\n");
    for (const [path, text] of Object.entries(blueprints)) {
      folder.write(`blueprints/${path}`, text);
    }
    const child = new Child({
      name: "Home Assistant",
      command: "sh",
      args: [`${ROOT}/${HOME_ASSISTANT}`, "--config", folder.path, "--skip-pip"],
    });
    const started = new HomeAssistant(child, folder, `http://127.0.0.1:${port}`);
    try {
      await started.#onboard();
      return started;
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts one with the MQTT integration, and waits for the state of an entity. */
  static async startWithMqtt(
    port: number,
    { entity, state }: Pick<EntityState, "entity" | "state">,
    blueprints: Readonly<Record<string, string>> = {},
  ): Promise<HomeAssistant> {
    for (let start = 1;; start++) {
      const home = await HomeAssistant.start(blueprints);
      const isBroken = () => home.log.some((line) => line.includes(UNPARSED));
      try {
        await home.addMqtt(port);
        await home.waitFor(
          `${entity} is ${state}`,
          (states) => isBroken() || states.get(entity)?.state === state,
        );
        if (start === MAX_STARTS || !isBroken()) return home;
      } catch (error) {
        await home[Symbol.asyncDispose]();
        throw error;
      }
      await home[Symbol.asyncDispose]();
    }
  }

  /** Its log so far. */
  get log(): readonly string[] {
    return this.#child.stderr.all;
  }

  /** Adds the MQTT integration, as its dialog does. */
  async addMqtt(port: number): Promise<void> {
    const flow = await this.post("/api/config/config_entries/flow", { handler: "mqtt" });
    assert.equal(flow["step_id"], "broker", JSON.stringify(flow));
    const path = `/api/config/config_entries/flow/${flow["flow_id"]}`;
    const done = await this.post(path, { broker: "127.0.0.1", port });
    assert.equal(done["type"], "create_entry", JSON.stringify(done));
  }

  /** Every entity with its state. */
  async states(): Promise<readonly EntityState[]> {
    const found = await (await this.fetch("/api/states")).json();
    assert.ok(Array.isArray(found));
    return found.map((each: Json) => ({
      entity: String(each["entity_id"]),
      state: String(each["state"]),
      attributes: isRecord(each["attributes"]) ? each["attributes"] : {},
    }));
  }

  /** Waits until the states pass a test. */
  async waitFor(
    what: string,
    test: (states: ReadonlyMap<string, EntityState>) => boolean,
  ): Promise<ReadonlyMap<string, EntityState>> {
    const until = performance.now() + WAIT_TIMEOUT_MS;
    for (;;) {
      const states = new Map((await this.states()).map((each) => [each.entity, each]));
      if (test(states)) return states;
      if (performance.now() > until) {
        const lines = [...states.values()].map(({ entity, state }) => `${entity}: ${state}`);
        throw new Error(`${what}: not in\n${lines.join("\n")}\n${this.log.slice(-20).join("\n")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Waits for the state of one entity. */
  async waitForState(entity: string, state: string): Promise<EntityState> {
    const states = await this.waitFor(
      `${entity} is ${state}`,
      (states) => states.get(entity)?.state === state,
    );
    const found = states.get(entity);
    assert.ok(found !== undefined);
    return found;
  }

  /** Its warnings and errors that concern MQTT, or an entity. */
  complaints(): readonly string[] {
    return this.log.filter((line) =>
      / (?:WARNING|ERROR) /.test(line) &&
      /mqtt|lobby|orion|template|automation|blueprint|homeassistant\.helpers/i.test(line)
    );
  }

  /** Makes an automation of a blueprint, and waits until it is on. */
  async automate(id: string, path: string, input: Json): Promise<void> {
    await this.post(`/api/config/automation/config/${id}`, {
      alias: id,
      use_blueprint: { path, input },
    });
    await this.waitForState(`automation.${id}`, "on");
  }

  /** Waits until its events, whose order is that of its states, pass a test. */
  async waitForEvents(what: string, test: (events: readonly Json[]) => boolean): Promise<void> {
    await this.waitFor(what, () => test(this.socket.events));
  }

  /** Calls a service (an action): `call("switch", "turn_off", { entity_id: … })`. */
  async call(domain: string, service: string, data: Json): Promise<void> {
    await (await this.fetch(`/api/services/${domain}/${service}`, data)).body?.cancel();
  }

  /** Sends a command of its websocket interface. */
  async command(type: string, fields: Json = {}): Promise<unknown> {
    return await this.socket.command(type, fields);
  }

  /** Of a registry: `list("config/entity_registry/list")`. */
  async list(type: string): Promise<readonly Json[]> {
    const found = await this.command(type);
    assert.ok(Array.isArray(found));
    return found.filter(isRecord);
  }

  /** Its websocket, for events. */
  get socket(): Socket {
    assert.ok(this.#socket !== null, "not set up yet");
    return this.#socket;
  }

  /** A request of its HTTP interface; with a body a POST. */
  async fetch(path: string, body?: Json): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#token}`, "content-type": "application/json" };
    const response = await fetch(`${this.#url}${path}`, {
      headers,
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  }

  /** @returns the JSON object that a POST is answered with */
  async post(path: string, body: Json): Promise<Json> {
    const answer: unknown = await (await this.fetch(path, body)).json();
    assert.ok(isRecord(answer), path);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket?.close();
    await this.#child[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }

  async #onboard(): Promise<void> {
    await this.#answering();
    const user = { name: "Test", username: "test", password: "test", language: "en" };
    const { auth_code } = await this.post("/api/onboarding/users", {
      client_id: CLIENT_ID,
      ...user,
    });
    const form = new URLSearchParams({
      grant_type: "authorization_code",
      code: String(auth_code),
      client_id: CLIENT_ID,
    });
    const answer = await fetch(`${this.#url}/auth/token`, { method: "POST", body: form });
    const tokens: unknown = await answer.json();
    assert.ok(isRecord(tokens), "no token");
    this.#token = String(tokens["access_token"]);
    this.#socket = await Socket.open(
      `${this.#url.replace("http", "ws")}/api/websocket`,
      this.#token,
    );
  }

  /** Until it has started: entities and services of its integrations exist. */
  async #answering(): Promise<void> {
    await this.#child.stderr.waitFor((line) => line.includes("Home Assistant initialized in"), {
      timeoutMs: START_TIMEOUT_MS,
      what: "its start",
    });
  }
}

/** What the tests need of it: no recorder, no updates, nothing that asks the internet. */
function configuration(port: number): string {
  return [
    "homeassistant: { name: Test, time_zone: UTC, unit_system: metric }",
    `http: { server_host: 127.0.0.1, server_port: ${port} }`,
    "api:",
    "config:",
    "websocket_api:",
    "onboarding:",
    "automation: !include automations.yaml",
    "notify: []",
    "logger: { default: info }",
    "",
  ].join("\n");
}
