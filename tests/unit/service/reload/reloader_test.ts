import assert from "node:assert/strict";
import type { Settings } from "../../../../src/config/settings.ts";
import { ConfigError } from "../../../../src/config/problems.ts";
import { type LogRecord, logTo } from "../../../../src/core/log.ts";
import { OrionError } from "../../../../src/core/errors.ts";
import { Redactor } from "../../../../src/core/redact.ts";
import type { MissingPermission } from "../../../../src/permissions/missing.ts";
import { Reloader } from "../../../../src/service/reload/reloader.ts";
import { settle } from "../../../support/clocks/held_clock.ts";
import { FAULT, settingsOf } from "../../../support/workers/service_parts.ts";

function yaml(password: string, more = ""): string {
  return `cameras: [{ id: gate, url: "rtsp://a:${password}@192.0.2.1/s"${more} }]\ndetectors: []`;
}

/** A reloader of a service that records what it is made to do. */
function rig() {
  const records: LogRecord[] = [];
  const done: string[] = [];
  const state: {
    settings: Settings;
    read: () => Settings;
    missing: readonly MissingPermission[];
    prepare: () => Promise<void>;
  } = {
    settings: settingsOf(yaml("hunter22")),
    read: () => settingsOf(yaml("hunter33")),
    missing: [],
    prepare: () => Promise.resolve(),
  };
  const redactor = new Redactor(state.settings.secrets());
  const reloader = new Reloader({
    settings: () => state.settings,
    read: () => {
      done.push("read");
      return state.read();
    },
    missing: () => state.missing,
    prepare: async (settings) => {
      await state.prepare();
      return {
        drop: () => void done.push("drop"),
        commit: () => {
          done.push("commit");
          state.settings = settings;
          return Promise.resolve();
        },
      };
    },
    redactor,
    log: logTo((record) => records.push(record)),
  });
  const events = () => records.map(({ event }) => event);
  return { reloader, state, done, records, events, redactor };
}

Deno.test("reload: a configuration is applied, and its secrets are known from then on", async () => {
  const { reloader, done, events, redactor } = rig();
  reloader.start();
  const { cameras } = await reloader.reload();
  assert.deepEqual(cameras, { added: [], removed: [], changed: [], reconnected: ["gate"] });
  assert.deepEqual(done, ["read", "commit"]);
  assert.deepEqual(events(), ["config.reloaded"]);
  assert.equal(redactor.text("hunter33 after hunter22"), "[redacted] after [redacted]");
});

Deno.test("reload: what is refused is logged with each problem, and nothing is applied", async () => {
  const { reloader, state, done, records } = rig();
  reloader.start();
  const refusals: readonly (readonly [code: string, path: string | null, () => void])[] = [
    ["CONFIG", "cameras[0].url", () => {
      state.read = () => {
        const message = "is no URL: rtsp://a:hunter22@b";
        throw new ConfigError("/etc/orion.yaml", [{
          path: "cameras[0].url",
          message,
          remedy: "Mend it.",
        }]);
      };
    }],
    ["PERMISSIONS", "cameras[0].url", () => {
      state.read = () => settingsOf(yaml("hunter33"));
      state.missing = [{ kind: "net", values: ["192.0.2.7:554"], key: "cameras[0].url" }];
    }],
    ["RELOAD_NEEDS_RESTART", "instance", () => {
      state.read = () => settingsOf(`instance: other\n${yaml("hunter33")}`);
    }],
    ["FAULT", null, () => {
      state.read = () => settingsOf(yaml("hunter33"));
      state.missing = [];
      state.prepare = () => Promise.reject(new OrionError(FAULT));
    }],
    ["RELOAD_NO_FILE", null, () => {
      state.settings = { ...state.settings, path: null };
    }],
  ];
  for (const [code, path, prepare] of refusals) {
    prepare();
    records.splice(0);
    await assert.rejects(reloader.reload(), { code });
    assert.deepEqual(
      records.map(({ event, fields }) => [event, fields["code"] ?? fields["path"]]),
      [["config.reload_refused", code], ...path === null ? [] : [["config.problem_found", path]]],
    );
    assert.equal(JSON.stringify(records).includes("hunter"), false);
  }
  assert.equal(done.includes("commit"), false);
});

Deno.test("reload: one at a time; signals meanwhile lead to one more", async () => {
  const { reloader, state, done } = rig();
  const loaded = Promise.withResolvers<void>();
  state.prepare = () => loaded.promise;
  await assert.rejects(reloader.reload(), { code: "CONTROL_BUSY" }, "it is not up");
  reloader.request();
  assert.deepEqual(done, []);
  reloader.start();
  await settle();
  await assert.rejects(reloader.reload(), { code: "CONTROL_BUSY" });
  await assert.rejects(reloader.exclude(() => Promise.resolve()), { code: "CONTROL_BUSY" });
  reloader.request();
  reloader.request();
  assert.deepEqual(done, ["read"]);
  loaded.resolve();
  while (done.length < 4) await settle();
  assert.deepEqual(done, ["read", "commit", "read", "commit"]);
});

Deno.test("reload: a signal waits for what excludes it", async () => {
  const { reloader, done } = rig();
  reloader.start();
  const loaded = Promise.withResolvers<string>();
  const excluding = reloader.exclude(() => loaded.promise);
  await assert.rejects(reloader.reload(), { code: "CONTROL_BUSY" });
  reloader.request();
  assert.deepEqual(done, []);
  loaded.resolve("model");
  assert.equal(await excluding, "model");
  while (done.length < 2) await settle();
  assert.deepEqual(done, ["read", "commit"]);
});

Deno.test("reload: a stop while models are loaded leaves everything as it is", async () => {
  const { reloader, state, done } = rig();
  reloader.start();
  const loaded = Promise.withResolvers<void>();
  state.prepare = () => loaded.promise;
  const refused = assert.rejects(reloader.reload(), { code: "RELOAD_STOPPED" });
  reloader.stop();
  reloader.request();
  loaded.resolve();
  await refused;
  await settle();
  assert.deepEqual(done, ["read", "drop"]);
  await assert.rejects(reloader.reload(), { code: "RELOAD_STOPPED" });
});
