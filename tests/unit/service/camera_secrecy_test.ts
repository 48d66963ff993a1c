/** Of a camera's URL only scheme, host and port appear in any output. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { findingText } from "../../../src/cli/check.ts";
import { failureText } from "../../../src/cli/failure.ts";
import { createLog } from "../../../src/cli/logging.ts";
import { loadSettings } from "../../../src/config/load.ts";
import type { Settings } from "../../../src/config/settings.ts";
import { noUndecoded } from "../../../src/core/accounts.ts";
import { steadyMs, wallMs } from "../../../src/core/clock.ts";
import { BrokerError, errorData } from "../../../src/core/errors.ts";
import { Redactor } from "../../../src/core/redact.ts";
import { healthJson } from "../../../src/health/health_json.ts";
import { healthReport, unreadiness } from "../../../src/health/report.ts";
import { LibavError } from "../../../src/libav/error.ts";
import { denoFlags } from "../../../src/permissions/grant.ts";
import { permissionManifest } from "../../../src/permissions/manifest.ts";
import { ackPayload } from "../../../src/mqtt/payloads.ts";
import { rtspError, statusError } from "../../../src/rtsp/errors.ts";
import { parseRtspUrl } from "../../../src/rtsp/protocol/url.ts";
import { VENDOR_URLS } from "../../support/cameras/camera_urls.ts";

const NOW = wallMs(1_795_345_361_640);

/** The URL as it stands, or as the value of a variable. */
function load(url: string, isVariable: boolean): Settings {
  const written = isVariable ? "${CAMERA}" : url.replaceAll("$", "$$$$").replaceAll("'", "''");
  return loadSettings({
    path: "/etc/orion/orion.yaml",
    root: "/opt/orion",
    env: () => url,
    readText: () => `cameras: [{ id: gate, url: '${written}' }]`,
  });
}

/** Errors of a camera as each layer words them; some quote the URL. */
function failures(url: string): unknown[] {
  const parsed = parseRtspUrl(url);
  assert.ok(parsed !== null);
  const { requestUri: uri, scheme, host } = parsed;
  const action = `Cannot open ${scheme}://${host} (DESCRIBE)`;
  const path = uri.slice(`${scheme}://${host}`.length);
  const words = path.split(/[^a-z0-9]+/i).filter((each) => each.length >= 3);
  return [
    ...[uri, path, `no such stream: ${uri}`, ...words, words.join(" ")].map((reason) =>
      statusError(404, reason, { action, uri })
    ),
    rtspError("STREAM_INVALID", { action: `Cannot open ${url}`, found: `"${url}", and ${uri}` }),
    new LibavError({ action: `Cannot open ${url}`, averror: -110, text: "timed out" }),
    new TypeError(`Invalid URL: '${url}'`),
    new Error(`${url}: ${encodeURIComponent(url)}, {"url":${JSON.stringify(url)}}`),
    new Error(`unexpected path ${decodeURIComponent(path)} or ${path}`),
  ];
}

/** All output about a camera and its failures, by channel. */
function allOutput(url: string, settings: Settings): Readonly<Record<string, string>> {
  const redactor = new Redactor(settings.secrets());
  const errors = failures(url);
  const [camera] = settings.cameras;
  assert.ok(camera !== undefined);
  const lines: string[] = [];
  for (const format of ["text", "json"] as const) {
    const write = (line: string) => void lines.push(line);
    const log = createLog({ format, level: "debug", redactor, write });
    log.info("camera.connecting", { camera: camera.id, url: camera.displayUrl, settings });
    for (const error of errors) {
      log.warning("camera.failed", { ...errorData(error), error, nested: [{ url }] });
    }
  }
  const redacted = errors.map((error) => redactor.error(errorData(error)));
  const broker = { url: settings.mqtt.displayUrl, embedded: true, connected: false, sinceMs: NOW };
  const parts = {
    ...{ instance: settings.instance, version: "1", startedAtMs: NOW, uptimeMs: 1, timeMs: NOW },
    nowMs: steadyMs(1),
    broker: {
      ...broker,
      error: redacted[0] ?? null,
      protocol: null,
      reconnects: 0,
      problem: redacted[0] ?? null,
      messages: {},
    },
    cameras: [{
      ...{ id: camera.id, url: camera.displayUrl, emitted: new Map(), restarts: 0, error: null },
      confinedBy: [],
      presence: { zones: [], lines: [], occupancy: [], stays: [] },
      configured: camera,
      live: { viewers: 0, pictures: 0 },
      report: {
        ...{ state: "offline", reason: "STREAM_NOT_FOUND", sinceMs: NOW, reconnects: 2 } as const,
        ...{ info: null, decodeLevel: "auto", lastFrameAtMs: null, decodeSeconds: 0 } as const,
        account: { received: 0, undecoded: noUndecoded(), corrupt: 0, decoded: 0, detectors: [] },
        gopBuffer: { packets: 0, bytes: 0, maxBytes: 1, catchUps: 0 },
        network: null,
      },
    }],
    detectors: [],
    workers: [],
    threadsAbandoned: 0,
    confinement: { landlock: "auto" as const, abi: 7 },
    overrides: [],
    droppedBefore: new Map(),
  };
  const manifest = permissionManifest(settings, { root: "/opt", libav: null, onnxruntime: null });
  return {
    "status and health topic": JSON.stringify(healthJson(healthReport(parts))),
    readiness: unreadiness({ ...parts, stallTimeoutMs: new Map() }).join("\n"),
    log: lines.join(""),
    check: redacted.map((problem) => findingText({ subject: "camera gate", detail: null, problem }))
      .join("") + settings.warnings.join("\n"),
    "error output": errors.map((error) => failureText(error, redactor, true)).join(""),
    acknowledgements: JSON.stringify(
      redacted.map((error) =>
        ackPayload({ id: "1", command: "snapshot", atMs: NOW, outcome: { error }, replayed: false })
      ),
    ),
    permissions: denoFlags(manifest.process).join("\n"),
    "errors themselves": errors.filter((error) => !(error instanceof TypeError)).slice(0, -2)
      .map((error) => JSON.stringify(errorData(error))).join("\n"),
  };
}

Deno.test("camera secrecy: of ten vendors' URLs only scheme, host and port survive", () => {
  for (const urls of VENDOR_URLS.values()) {
    fc.assert(
      fc.property(urls, fc.boolean(), ({ url, shown, hidden }, isVariable) => {
        const settings = load(url, isVariable);
        assert.equal(settings.cameras[0]?.displayUrl, shown);
        const output = allOutput(url, settings);
        assert.ok(output["status and health topic"]?.includes(shown));
        for (const [channel, text] of Object.entries(output)) {
          const lower = text.toLowerCase();
          const found = hidden.filter((part) => lower.includes(part.toLowerCase()));
          assert.deepEqual(found, [], `${channel}: ${text}`);
        }
      }),
      { numRuns: 6 },
    );
  }
  assert.equal(VENDOR_URLS.size, 10);
});

Deno.test("camera secrecy: a secret in a broker's error is redacted", () => {
  const redactor = new Redactor(["zqsecret"]);
  const error = new BrokerError({
    ...{ code: "BROKER_CLOSED", message: "it says zqsecret", retryable: true },
    remedy: "Ask mqtt://u:other@b/zqpath.",
  });
  assert.deepEqual(redactor.error(error.toData()), {
    ...{ code: "BROKER_CLOSED", message: "it says [redacted]", retryable: true },
    remedy: "Ask mqtt://b.",
  });
});
