/** The permissions of Deno that a stream needs, asked for before anything is opened. */
import type { CameraSource, LibavPaths } from "../core/camera_types.ts";
import { endpointText } from "../core/endpoint.ts";
import { allowFlag } from "../core/missing_grant.ts";
import { parseCameraUrl } from "../config/urls.ts";
import { FramesError } from "./options.ts";

/** One permission, and the value of its flag. */
interface Need {
  readonly kind: "ffi" | "net" | "read";
  readonly value: string;
}

/**
 * Asks for what was not granted: on a terminal Deno asks its user, elsewhere it is refused.
 * @throws {FramesError} `FRAMES_PERMISSION`, with the flags
 */
export function requirePermissions(source: CameraSource, libraries: LibavPaths): void {
  const missing = needsOf(source, libraries).filter((need) => !isGranted(need));
  if (missing.length === 0) return;
  const byKind = [...Map.groupBy(missing, ({ kind }) => kind)]
    .map(([kind, needs]) => ({ kind, values: needs.map(({ value }) => value) }));
  const accesses = byKind.map(({ kind, values }) => `${kind} access to ${values.join(", ")}`);
  const flags = byKind.map(({ kind, values }) => allowFlag(kind, values));
  throw new FramesError({
    code: "FRAMES_PERMISSION",
    message: `Cannot read frames: Deno does not permit this program ${accesses.join("; ")}`,
    retryable: false,
    remedy: `Run it with ${flags.join(" ")}.`,
  });
}

function needsOf({ file, url }: CameraSource, libraries: LibavPaths): readonly Need[] {
  const { avutil, avcodec, avformat, swscale } = libraries;
  const paths = [avutil, avcodec, swscale, ...file === null ? [] : [avformat]];
  const needs: Need[] = paths.map((value) => ({ kind: "ffi", value }));
  // libav opens a file itself: without this check it would be read without the permission.
  if (file !== null) return [...needs, { kind: "read", value: file }];
  const parsed = parseCameraUrl(url);
  if (!parsed.ok || parsed.value.endpoint === null) return needs;
  return [...needs, { kind: "net", value: endpointText(parsed.value.endpoint) }];
}

function isGranted({ kind, value }: Need): boolean {
  const { state } = Deno.permissions.requestSync(
    kind === "net" ? { name: kind, host: value } : { name: kind, path: value },
  );
  return state === "granted";
}
