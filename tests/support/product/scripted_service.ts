/**
 * Runs Orion with scripted models and cameras: as `orion run`, except for the entries of the workers and
 * the permissions of the inference workers. Started by `scripted.ts`.
 */
import { systemHost } from "../../../src/cli/host.ts";
import { createLog } from "../../../src/cli/logging.ts";
import { locatePlaces, readSettings } from "../../../src/cli/prepare.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { Redactor } from "../../../src/core/redact.ts";
import { grant, union } from "../../../src/permissions/grant.ts";
import { permissionManifest } from "../../../src/permissions/manifest.ts";
import { WORKER_ENTRIES } from "../../../src/service/workers/entries.ts";
import { runService } from "../../../src/service/run.ts";
import { ROOT } from "../system/files.ts";
import { LIBC } from "../streams/never_returns.ts";

if (import.meta.main) {
  const [config = "", folder = "", limits = "{}"] = Deno.args;
  const host = systemHost(ROOT);
  const settings = readSettings({ config }, host);
  const places = locatePlaces(ROOT);
  const redactor = new Redactor(settings.secrets());
  const scripts = grant("", { read: [folder], write: [folder], ffi: [LIBC] });
  const code = await runService({
    settings,
    places,
    manifestOf: (other) => {
      const manifest = permissionManifest(other, places);
      return {
        ...manifest,
        inference: (id) => union("", [manifest.inference(id), scripts]),
        capture: (id) => union("", [manifest.capture(id), grant("", { ffi: [LIBC] })]),
      };
    },
    readSettings: () => readSettings({ config }, host),
    isGranted: (kind, value) => host.isGranted(kind, value),
    redactor,
    entries: {
      ...WORKER_ENTRIES,
      capture: new URL("../workers/scripted_capture.ts", import.meta.url),
      inference: new URL("../workers/scripted_inference.ts", import.meta.url),
      publisher: new URL("../workers/scripted_publisher.ts", import.meta.url),
    },
    isCompiled: host.isCompiled,
    log: createLog({
      format: "json",
      level: "info",
      redactor,
      write: (line) => host.err(line),
      colour: false,
    }),
    clock: systemClock,
    version: "test",
    limits: JSON.parse(limits),
  });
  Deno.exit(code);
}
