import assert from "node:assert/strict";
import { BrokerError } from "../../../src/core/errors.ts";
import { loadEndpoint } from "../../../src/mqtt/target.ts";
import { publisherPlan } from "../../support/workers/publisher_worker.ts";

Deno.test("target: address and credentials go through as they are, files as what they hold", async () => {
  const files = { ca: "/etc/ca.pem", cert: "/etc/c.pem", key: "/etc/k.pem" };
  const { broker } = publisherPlan("mqtts://user:p%40ss@[::1]", files);
  assert.deepEqual(await loadEndpoint(broker, (path) => Promise.resolve(`PEM of ${path}`)), {
    address: { scheme: "mqtts", hostname: "::1", port: 8883, path: "" },
    username: "user",
    password: "p@ss",
    ca: "PEM of /etc/ca.pem",
    cert: "PEM of /etc/c.pem",
    key: "PEM of /etc/k.pem",
  });
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
