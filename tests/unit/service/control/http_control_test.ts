/** Commands over HTTP, and what is refused: each with one clear answer, and nothing changed. */
import assert from "node:assert/strict";
import { logTo } from "../../../../src/core/log.ts";
import { Secret } from "../../../../src/core/secret.ts";
import type { CommandOutcome, CommandRequest } from "../../../../src/core/commands.ts";
import { MAX_CONTROL_BYTES } from "../../../../src/health/control_route.ts";
import type { Setup, SetupRequest } from "../../../../src/health/probe_route.ts";
import { COMMAND_BURST } from "../../../../src/mqtt/command_receiver.ts";
import { MAX_COMMAND_BYTES } from "../../../../src/mqtt/commands.ts";
import { ackSchema } from "../../../../src/mqtt/payloads.ts";
import type { Controller } from "../../../../src/service/control/controller.ts";
import { httpControl } from "../../../../src/service/control/http_control.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";
import {
  BAD_REQUESTS,
  BEARER,
  type Headers,
  HOST,
  TOKEN,
} from "../../../support/product/bad_requests.ts";
import { ANY_SETUP, app } from "../../health/http_rig.ts";

function rig() {
  const clock = new HeldClock();
  const executed: CommandRequest[] = [];
  let outcome: CommandOutcome = { data: null };
  const controller: Pick<Controller, "execute"> = {
    execute(request, reply) {
      executed.push(request);
      const { request: number, command: { command } } = request;
      reply({ request: number, command, replayed: false, outcome });
      return Promise.resolve();
    },
  };
  const control = httpControl({ clock, log: logTo(() => undefined), controller });
  const probed: SetupRequest[] = [];
  const setup: Setup = (request) => {
    probed.push(request);
    return ANY_SETUP(request);
  };
  const routes = app(new Secret(TOKEN), [], { clock, control, setup });
  const send = (path: string, method: string, headers: Headers, body: BodyInit | null) =>
    routes.request(`${HOST}${path}`, {
      method,
      headers: { host: "127.0.0.1:8080", "content-type": "application/json", ...headers },
      body,
    });
  const command = (name: string, params: unknown = {}, id?: string) =>
    send(
      "/control",
      "POST",
      BEARER,
      JSON.stringify({ schema: "orion.command/1", id, command: name, params }),
    );
  const fails = (code: string) => {
    outcome = { error: { code, message: "no", retryable: false, remedy: "Wait." } };
  };
  return { clock, executed, probed, send, command, fails };
}

Deno.test("http control: a command is carried out and acknowledged as over MQTT", async () => {
  const { executed, command } = rig();
  const response = await command("pause", { camera: "gate" }, "a1");
  assert.equal(response.status, 200);
  const ack = ackSchema.parse(await response.json());
  assert.deepEqual([ack.id, ack.command, ack.status, ack.data], ["a1", "pause", "ok", null]);
  assert.deepEqual(executed.map(({ id, command }) => ({ id, command })), [
    { id: "a1", command: { command: "pause", camera: "gate", detector: null } },
  ]);
});

Deno.test("http control: what is no browser need not name the type, as curl and Python do not", async () => {
  const body = JSON.stringify({ schema: "orion.command/1", command: "pause" });
  for (const type of ["application/x-www-form-urlencoded", "text/plain", ""]) {
    const { executed, send } = rig();
    const response = await send("/control", "POST", { ...BEARER, "content-type": type }, body);
    assert.deepEqual([response.status, executed.length], [200, 1], type);
  }
});

Deno.test("http control: a body has the bounds of a message", () => {
  assert.equal(MAX_CONTROL_BYTES, MAX_COMMAND_BYTES);
});

Deno.test("http control: the status fits the refusal", async () => {
  for (
    const [code, status] of [
      ["CONTROL_UNKNOWN_CAMERA", 404],
      ["CONTROL_UNKNOWN_DETECTOR", 404],
      ["CONTROL_NOT_ALLOWED", 403],
      ["ID_REUSED", 409],
      ["CONTROL_BUSY", 429],
      ["CONTROL_NO_PAIR", 422],
      ["STREAM_NO_PICTURE", 422],
      ["constructor", 422],
    ] as const
  ) {
    const { command, fails } = rig();
    fails(code);
    const response = await command("get_status");
    assert.equal(response.status, status, code);
    assert.equal(ackSchema.parse(await response.json()).error?.code, code);
  }
});

Deno.test("http control: commands are bounded in their rate, apart from those over MQTT", async () => {
  const { clock, executed, command } = rig();
  for (let sent = 0; sent < COMMAND_BURST; sent++) {
    assert.equal((await command("pause")).status, 200);
  }
  const refused = await command("pause");
  assert.equal(refused.status, 429);
  assert.equal(ackSchema.parse(await refused.json()).error?.code, "CONTROL_TOO_OFTEN");
  assert.equal(executed.length, COMMAND_BURST);
  await clock.pass(1_000);
  assert.equal((await command("pause")).status, 200);
});

for (
  const [what, path, headers, body, [code, status], method = "POST"] of BAD_REQUESTS
) {
  Deno.test(`http: ${what} is refused with ${status}, and changes nothing`, async () => {
    const { executed, probed, send } = rig();
    const response = await send(path, method, headers, body);
    assert.equal(response.status, status);
    const answer = await response.json();
    if ("schema" in answer) {
      const ack = ackSchema.parse(answer);
      assert.equal(ack.status, "error");
      assert.equal(ack.error?.code, code);
    } else {
      assert.deepEqual(Object.keys(answer).sort(), ["code", "error", "remedy"]);
      assert.equal(answer.code, code);
      assert.ok(answer.error !== "" && answer.remedy !== "");
    }
    assert.equal(response.headers.get("set-cookie"), null);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(response.headers.get("access-control-allow-origin"), null);
    assert.deepEqual([executed, probed], [[], []]);
  });
}

Deno.test("http: an address to look at is passed on as it was sent", async () => {
  const { probed, send } = rig();
  const url = "rtsp://viewer:secret@192.0.2.10/stream1";
  for (const [request, id] of [[{ url }, null], [{ url, id: "gate" }, "gate"]] as const) {
    const response = await send("/probe", "POST", BEARER, JSON.stringify(request));
    assert.equal(response.status, 200);
    assert.equal((await response.json()).schema, "orion.setup/1");
    assert.deepEqual(probed.at(-1), { url, id });
  }
});
