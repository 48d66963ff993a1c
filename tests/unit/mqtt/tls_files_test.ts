import assert from "node:assert/strict";
import { BrokerError } from "../../../src/core/errors.ts";
import { readTlsFiles } from "../../../src/mqtt/tls_files.ts";

Deno.test("TLS files: their contents take the place of their paths", async () => {
  const paths = { ca: "/etc/orion/ca.pem", cert: null, key: "/etc/orion/key.pem" };
  const files = await readTlsFiles(paths, (path) => Promise.resolve(`PEM of ${path}`));
  assert.deepEqual(files, {
    ca: "PEM of /etc/orion/ca.pem",
    cert: null,
    key: "PEM of /etc/orion/key.pem",
  });
});

Deno.test("TLS files: a file that cannot be read is named with its setting", async () => {
  const paths = { ca: "/etc/orion/ca.pem", cert: null, key: null };
  await assert.rejects(
    readTlsFiles(paths, () => Promise.reject(new Deno.errors.NotFound("gone"))),
    (error) =>
      error instanceof BrokerError && error.code === "BROKER_TLS" &&
      error.message === "Cannot read mqtt.ca (/etc/orion/ca.pem): NotFound",
  );
});
