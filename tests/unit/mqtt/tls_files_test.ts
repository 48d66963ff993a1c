import assert from "node:assert/strict";
import { BrokerError } from "../../../src/core/errors.ts";
import { readTlsFile, readTlsFiles } from "../../../src/mqtt/tls_files.ts";
import { tempFolder } from "../../support/system/files.ts";

/** As much of a PEM file as is looked at. */
const pem = (text: string) => `-----BEGIN TEXT-----\n${text}\n-----END TEXT-----\n`;

Deno.test("TLS files: their contents take the place of their paths", async () => {
  const paths = { ca: "/etc/orion/ca.pem", cert: null, key: "/etc/orion/key.pem" };
  const files = await readTlsFiles(paths, (path) => Promise.resolve(pem(path)));
  assert.deepEqual(files, {
    ca: pem("/etc/orion/ca.pem"),
    cert: null,
    key: pem("/etc/orion/key.pem"),
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

Deno.test("TLS files: what is no PEM, or not all of one, is named with its setting", async () => {
  const paths = { ca: null, cert: "/etc/orion/cert.pem", key: null };
  for (const text of ["", "\0\u{fffd}", pem("half").slice(0, -12)]) {
    await assert.rejects(readTlsFiles(paths, () => Promise.resolve(text)), {
      code: "BROKER_TLS",
      message: "Cannot read mqtt.cert (/etc/orion/cert.pem): it holds no complete PEM",
    });
  }
});
