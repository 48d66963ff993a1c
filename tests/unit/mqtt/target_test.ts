import assert from "node:assert/strict";
import { BrokerError } from "../../../src/core/errors.ts";
import { brokerAddress, loadEndpoint } from "../../../src/mqtt/target.ts";
import { publisherPlan } from "../../support/workers/publisher_worker.ts";

const CASES = [
  ["mqtt://broker.example", "broker.example", 1883, "mqtt://broker.example:1883"],
  ["mqtts://broker.example", "broker.example", 8883, "mqtts://broker.example:8883"],
  ["ws://broker.example/mqtt?a=1", "broker.example", 80, "ws://broker.example:80"],
  ["wss://broker.example", "broker.example", 443, "wss://broker.example:443"],
  ["mqtt://user:secret@[::1]:1999", "::1", 1999, "mqtt://[::1]:1999"],
] as const;

for (const [url, hostname, port, display] of CASES) {
  Deno.test(`target: ${url.replace(/\/\/.*@/, "//")} is ${display}`, () => {
    const address = brokerAddress(url);
    assert.deepEqual([address.hostname, address.port, address.display], [hostname, port, display]);
  });
}

Deno.test("target: a URL that cannot be used is refused without repeating it", () => {
  for (const url of ["http://user:secret@x", "secret", "mqtt://", ""]) {
    assert.throws(() => brokerAddress(url), (error) => {
      assert.ok(error instanceof BrokerError && error.code === "BROKER_URL");
      return !error.message.includes("secret") && !error.remedy.includes("secret");
    });
  }
});

Deno.test("target: credentials on their own go before those in the URL, which are decoded", async () => {
  const none = () => Promise.reject(new Error("no files here"));
  const { broker } = publisherPlan("mqtt://user:p%40ss@127.0.0.1");
  const inUrl = await loadEndpoint(broker, none);
  assert.deepEqual([inUrl.username, inUrl.password], ["user", "p@ss"]);
  const own = await loadEndpoint({ ...broker, username: "orion", password: "x" }, none);
  assert.deepEqual([own.username, own.password], ["orion", "x"]);
});

Deno.test("target: a file that cannot be read is named with its setting", async () => {
  const { broker } = publisherPlan("mqtts://127.0.0.1", { ca: "/etc/orion/ca.pem" });
  await assert.rejects(
    loadEndpoint(broker, () => Promise.reject(new Deno.errors.NotFound("gone"))),
    (error) =>
      error instanceof BrokerError && error.code === "BROKER_TLS" &&
      error.message === "Cannot read mqtt.ca (/etc/orion/ca.pem): NotFound",
  );
});
