/** The examples about HTTP, run: behind both proxies, and read by Prometheus. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { makeCertificates } from "../support/brokers/mosquitto.ts";
import { environmentOf, exampleFile, placed, written } from "../support/product/examples.ts";
import { startOrion } from "../support/product/process.ts";
import { ask, startCaddy, startNginx } from "../support/product/proxies.ts";
import { shell, tempFolder } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";

/** The camera of these examples; the bundled clip takes its place. */
const CAMERA = "rtsp://viewer:${GATE_PASSWORD}@192.0.2.10:554/stream2";
const TOKEN = "a-token-of-a-test";

const PROXIES = [
  { name: "caddy", start: startCaddy, ignore: ignoreWithout("caddy", "libav") },
  { name: "nginx", start: startNginx, ignore: ignoreWithout("nginx", "libav") },
] as const;

for (const { name, start, ignore } of PROXIES) {
  Deno.test({
    name: `examples: behind ${name} the page, the login, commands and streams work over TLS`,
    ignore,
    async fn() {
      using folder = tempFolder();
      const [port, orionPort] = [freePort(), freePort()];
      const { server: { ca, cert, key } } = await makeCertificates(folder);
      const config = written(folder, name, [
        [CAMERA, '"demo:"'],
        ["127.0.0.1:8080", `127.0.0.1:${orionPort}`],
        ["\nhealth:", `\nmqtt: { listen: "127.0.0.1:${freePort()}" }\n\nhealth:`],
      ]);
      const env = environmentOf(name, TOKEN);
      await using orion = startOrion(["run", "--config", config], { env });
      await orion.waitFor("camera.state_changed", ({ state }) => state === "online");
      await using _proxy = await start({ folder, port, orion: orionPort, cert, key });
      await assertServes({ port, ca: Deno.readTextFileSync(ca) });
      orion.signal("SIGTERM");
      assert.equal((await orion.exit()).code, 0);
    },
  });
}

/** Tries through a proxy what a browser does. */
async function assertServes(at: { readonly port: number; readonly ca: string }): Promise<void> {
  const json = { origin: `https://127.0.0.1:${at.port}`, "content-type": "application/json" };
  assert.match((await ask({ ...at, path: "/" })).beginning, /<!doctype html>/i);
  assert.equal((await ask({ ...at, path: "/status" })).status, 401);
  const token = JSON.stringify({ token: TOKEN });
  const login = await ask({ ...at, path: "/login", headers: json, body: token });
  assert.match(login.cookie, /^orion_session=[\w-]{43};.*HttpOnly.*; ?Secure/i);
  const cookie = login.cookie.split(";")[0] ?? "";
  const command = {
    ...{ ...at, path: "/control", headers: { ...json, cookie } },
    body: JSON.stringify({ schema: "orion.command/1", command: "get_status", params: {} }),
  };
  assert.equal((await ask(command)).status, 200);
  const headers = { ...command.headers, origin: "https://elsewhere.example" };
  assert.equal((await ask({ ...command, headers })).status, 403);
  for (const path of ["/events", "/cameras/gate/live.mjpg"]) {
    const { status, beginning } = await ask({ ...at, path, headers: { cookie } });
    assert.deepEqual([path, status, beginning !== ""], [path, 200, true]);
  }
}

Deno.test({
  name: "examples: prometheus reads the metrics with the token of its file",
  ignore: ignoreWithout("libav"),
  async fn() {
    using folder = tempFolder();
    const port = freePort();
    const token = folder.write("token", TOKEN);
    await shell(`chmod 600 "$1"`, token);
    const config = written(folder, "prometheus", [
      [CAMERA, '"demo:"'],
      ["0.0.0.0:8080", `127.0.0.1:${port}`],
      ["/etc/orion/token", token],
      ["\nhealth:", `\nmqtt: { listen: "127.0.0.1:${freePort()}" }\n\nhealth:`],
    ]);
    await using orion = startOrion(["run", "--config", config]);
    await orion.waitFor("camera.state_changed", ({ state }) => state === "online");
    const text = placed(exampleFile("prometheus", "prometheus.yml"), [
      ["192.0.2.20:8080", `127.0.0.1:${port}`],
      ["/etc/prometheus/orion-token", token],
    ]);
    const { scrape_configs: [job] } = parse(text);
    const secret = Deno.readTextFileSync(job.authorization.credentials_file);
    const answer = await fetch(`http://${job.static_configs[0].targets[0]}${job.metrics_path}`, {
      headers: { authorization: `${job.authorization.type} ${secret}` },
    });
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /^orion_camera_up\{camera="gate"\} 1$/m);
    orion.signal("SIGTERM");
    assert.equal((await orion.exit()).code, 0);
  },
});
