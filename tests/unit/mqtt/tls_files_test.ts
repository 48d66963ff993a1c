import assert from "node:assert/strict";
import { BrokerError } from "../../../src/core/errors.ts";
import { readTlsFile, readTlsFiles } from "../../../src/mqtt/tls_files.ts";
import { tempFolder } from "../../support/system/files.ts";

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

Deno.test("TLS files: what is no regular file is not read", async () => {
  using folder = tempFolder();
  const path = folder.write("key.pem", "PEM");
  assert.equal(await readTlsFile(path), "PEM");
  await assert.rejects(readTlsFiles({ ca: folder.path, cert: null, key: null }, readTlsFile), {
    code: "BROKER_TLS",
    message: `Cannot read mqtt.ca (${folder.path}): it is a folder`,
  });
});
