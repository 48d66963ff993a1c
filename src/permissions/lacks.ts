/** What is needed and not granted, and which key of the configuration it is needed for. */
import { join } from "node:path";
import type { Settings } from "../config/settings.ts";
import { endpointText } from "../config/urls.ts";
import { OrionError } from "../core/errors.ts";
import { allowFlag, grantRemedy } from "../core/missing_grant.ts";
import { LIBAV_FOLDERS, libavPaths } from "../libav/locate.ts";
import { type Grant, grant, GRANT_KINDS, type GrantKind } from "./grant.ts";
import { captureGrant, type FoundPlaces, permissionManifest } from "./manifest.ts";
import { onnxRuntimeBinding, onnxRuntimePackage } from "./places.ts";

/** Whether this process has a permission. */
export type IsGranted = (kind: GrantKind, value: string) => boolean;

/** A permission that is not there. */
export interface Lack {
  readonly kind: GrantKind;
  readonly values: readonly string[];
  /** Where the configuration asks for it: `cameras[0].url`; null: Orion needs it in any case. */
  readonly key: string | null;
}

/** The process has not what it needs: exit code 2. */
export class PermissionsError extends OrionError {
  override readonly name = "PermissionsError";
  readonly lacks: readonly Lack[];

  constructor(lacks: readonly Lack[]) {
    super({
      code: "PERMISSIONS",
      message: lacks.map(lackText).join("; "),
      retryable: false,
      remedy: lacks.map(({ kind, values }) => grantRemedy(kind, values)).join(" "),
    });
    this.lacks = lacks;
  }
}

const VERBS: Readonly<Record<GrantKind, string>> = {
  read: "read",
  write: "write",
  net: "connect to or listen on",
  env: "read the environment variable",
  ffi: "load",
  run: "run",
  sys: "ask the system for",
};

/** What is not permitted, in one sentence. */
export function lackText({ kind, values, key }: Lack): string {
  const needs = key === null ? "Orion needs" : `${key} needs`;
  return `${needs} to ${VERBS[kind]} ${values.join(", ")}, which was not granted`;
}

/** The flags that would grant them, one for each kind. */
export function lackFlags(lacks: readonly Lack[]): string[] {
  return GRANT_KINDS.flatMap((kind) => {
    const values = lacks.filter((lack) => lack.kind === kind).flatMap((lack) => lack.values);
    return values.length === 0 ? [] : [allowFlag(kind, [...new Set(values)])];
  });
}

/** What the process lacks to run this configuration; none when all is there. */
export function lacksFor(settings: Settings, places: FoundPlaces, has: IsGranted): Lack[] {
  const causes = causesOf(settings, places);
  const known = lacksOf(permissionManifest(settings, places).process, has).map((lack) => {
    const asks = causes.find(([_, { [lack.kind]: given }]) =>
      lack.values.every((value) => given.includes(value))
    );
    return { ...lack, key: asks?.[0] ?? null };
  });
  return [...searchLacks(places, has), ...known];
}

/** What is missing of one grant, with nothing known of why it is there. */
export function lacksOf(given: Grant, has: IsGranted): Lack[] {
  return GRANT_KINDS.flatMap((kind) =>
    given[kind].filter((value) => !has(kind, value))
      .map((value): Lack => ({ kind, values: [value], key: null }))
  );
}

/**
 * What was not found may only have been out of sight. A library that all of its places were searched
 * for is not installed, and whoever needs it says so.
 */
export function searchLacks({ root, libav, onnxruntime }: FoundPlaces, has: IsGranted): Lack[] {
  const lacks: Lack[] = [];
  const isHidden = (path: string) => !has("read", path);
  if (libav === null && libavPaths(LIBAV_FOLDERS).some(isHidden)) {
    lacks.push({ kind: "read", values: LIBAV_FOLDERS, key: null });
  }
  if (onnxruntime === null) {
    const named = onnxRuntimePackage(root);
    const path = isHidden(named) ? named : onnxRuntimeBinding(root);
    if (path !== null && isHidden(path)) lacks.push({ kind: "read", values: [path], key: null });
  }
  return lacks;
}

/** Each key of the configuration that permissions follow from, and what it asks for. */
function causesOf(settings: Settings, places: FoundPlaces): (readonly [string, Grant])[] {
  const { cameras, detectors, mqtt, health, models } = settings;
  const files = (path: string | null) => grant("", { read: path === null ? [] : [path] });
  const binding = places.onnxruntime === null ? [] : [places.onnxruntime.binding];
  return [
    ["--config", files(settings.path)],
    ...cameras.flatMap((camera, index) => {
      const at = `cameras[${index}]`;
      const whole = captureGrant(camera, places.libav);
      const redirects = camera.allowRedirect.map(endpointText);
      return [
        [`${at}.allowRedirect`, grant("", { net: redirects })],
        [`${at}.udpPort`, grant("", { net: whole.net.filter((host) => isLocalPort(host)) })],
        [`${at}.url`, grant("", { ...whole, read: camera.file === null ? [] : [camera.file] })],
        [`${at}.ca`, files(camera.caPath)],
      ] as const;
    }),
    ...detectors.map(({ modelPath }, index) =>
      [
        `detectors[${index}].model`,
        grant("", { read: [modelPath, join(places.root, "models")], ffi: binding }),
      ] as const
    ),
    ["models.folder", files(models.folder)],
    [
      mqtt.isEmbedded ? "mqtt.listen" : "mqtt.url",
      grant("", { net: [endpointText(mqtt.address)] }),
    ],
    ["mqtt.ca", files(mqtt.ca)],
    ["mqtt.cert", files(mqtt.cert)],
    ["mqtt.key", files(mqtt.key)],
    [
      "health.listen",
      grant("", { net: health.listen === null ? [] : [endpointText(health.listen)] }),
    ],
  ];
}

/** A port of every address of this machine: where datagrams are received. */
function isLocalPort(host: string): boolean {
  return host.startsWith("0.0.0.0:") || host.startsWith("[::]:");
}
