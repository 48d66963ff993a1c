/** Finds permissions that are needed and not granted, and the keys of the configuration that need them. */
import { join } from "node:path";
import type { Settings } from "../config/settings.ts";
import { endpointText } from "../core/endpoint.ts";
import { OrionError } from "../core/errors.ts";
import { allowFlag, grantRemedy } from "../core/missing_grant.ts";
import { LIBAV_FOLDERS, libavPaths } from "../libav/locate.ts";
import { type Grant, grant, GRANT_KINDS, type GrantKind } from "./grant.ts";
import { captureGrant, type FoundPlaces, permissionManifest } from "./manifest.ts";
import { onnxRuntimeBinding, onnxRuntimePackage } from "./places.ts";

/** Checks whether this process has a permission. */
export type IsGranted = (kind: GrantKind, value: string) => boolean;

/** A permission that is needed and not granted. */
export interface MissingPermission {
  readonly kind: GrantKind;
  readonly values: readonly string[];
  /** The key that needs it, such as `cameras[0].url`; null when Orion always needs it. */
  readonly key: string | null;
}

/** The process lacks permissions: exit code 2. */
export class PermissionsError extends OrionError {
  override readonly name = "PermissionsError";
  readonly missing: readonly MissingPermission[];

  constructor(missing: readonly MissingPermission[]) {
    super({
      code: "PERMISSIONS",
      message: missing.map(missingText).join("; "),
      retryable: false,
      remedy: missing.map(({ kind, values }) => grantRemedy(kind, values)).join(" "),
    });
    this.missing = missing;
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

/** Describes a missing permission in one sentence. */
export function missingText({ kind, values, key }: MissingPermission): string {
  const needs = key === null ? "Orion needs" : `${key} needs`;
  return `${needs} to ${VERBS[kind]} ${values.join(", ")}, which was not granted`;
}

/** Formats the flags that would grant them, one per kind. */
export function missingFlags(missing: readonly MissingPermission[]): string[] {
  return GRANT_KINDS.flatMap((kind) => {
    const values = missing.filter((one) => one.kind === kind).flatMap((one) => one.values);
    return values.length === 0 ? [] : [allowFlag(kind, [...new Set(values)])];
  });
}

/** Finds the permissions that the process lacks for this configuration. */
export function missingFor(
  settings: Settings,
  places: FoundPlaces,
  has: IsGranted,
): MissingPermission[] {
  const causes = causesOf(settings, places);
  const known = missingFrom(permissionManifest(settings, places).process, has).map((one) => {
    const cause = causes.find(([_, { [one.kind]: given }]) =>
      one.values.every((value) => given.includes(value))
    );
    return { ...one, key: cause?.[0] ?? null };
  });
  return [...missingForSearch(places, has), ...known];
}

/** Finds the permissions of a grant that the process lacks, without their keys. */
export function missingFrom(given: Grant, has: IsGranted): MissingPermission[] {
  return GRANT_KINDS.flatMap((kind) =>
    given[kind].filter((value) => !has(kind, value))
      .map((value): MissingPermission => ({ kind, values: [value], key: null }))
  );
}

/**
 * Finds the permissions to search for libraries that were not located. A library that was searched for in
 * all of its folders is not installed, which the part that needs it reports.
 */
function missingForSearch(
  { root, libav, onnxruntime }: FoundPlaces,
  has: IsGranted,
): MissingPermission[] {
  const missing: MissingPermission[] = [];
  const isHidden = (path: string) => !has("read", path);
  if (libav === null && libavPaths(LIBAV_FOLDERS).some(isHidden)) {
    missing.push({ kind: "read", values: LIBAV_FOLDERS, key: null });
  }
  if (onnxruntime === null) {
    const named = onnxRuntimePackage(root);
    const path = isHidden(named) ? named : onnxRuntimeBinding(root);
    if (path !== null && isHidden(path)) missing.push({ kind: "read", values: [path], key: null });
  }
  return missing;
}

/** Maps each key of the configuration to the permissions that it needs. */
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
    ...detectors.flatMap(({ modelPath, inference: { openVino } }, index) => [
      [
        `detectors[${index}].model`,
        grant("", { read: [modelPath, join(places.root, "models")], ffi: binding }),
      ] as const,
      [
        `detectors[${index}].providers`,
        grant("", { ffi: openVino === undefined ? [] : [openVino] }),
      ] as const,
    ]),
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

/** Whether a host is a local port for datagrams. */
function isLocalPort(host: string): boolean {
  return host.startsWith("0.0.0.0:") || host.startsWith("[::]:");
}
