/** The addresses that `init` is given: read, checked, named, and written without their secrets. */
import { isIP } from "node:net";
import { variablePrefix, writtenAddress } from "../../config/camera_lines.ts";
import { VARIABLE_NAME } from "../../config/environment.ts";
import { MAX_CAMERAS } from "../../config/schema.ts";
import { type CameraUrl, parseCameraUrl } from "../../config/urls.ts";
import { UsageError } from "../../core/errors.ts";
import { splitUrl } from "../../core/url_parts.ts";
import type { InitSource } from "../args.ts";
import type { Host } from "../host.ts";
import { uniqueIds } from "./ids.ts";

/** Bound of what is read from standard input. */
const MAX_INPUT_BYTES = MAX_CAMERAS * 4096;

/** The question on a terminal. It goes to standard error: standard output is the configuration. */
const QUESTION = "Address of a camera, such as rtsp://viewer:PASSWORD@192.0.2.10/stream1 " +
  "(empty: no more): ";

/** One address, as given and as it is written. */
export interface Address {
  /** As given; it may hold references to variables, and credentials. */
  readonly given: string;
  readonly camera: CameraUrl;
  readonly id: string;
  /** With references to variables in place of its secrets. */
  readonly written: string;
  /** The variables that it refers to. */
  readonly variables: readonly string[];
}

/**
 * Reads the addresses of a command line from their source; asks for them on a terminal.
 * @throws {UsageError} when there are too many, or standard input has none
 */
export function readAddresses(from: InitSource, host: Host): readonly string[] {
  if (from.kind === "frigate") return [];
  const urls = from.kind === "stdin"
    ? linesOf(host)
    : from.urls.length === 0 && host.isInteractive
    ? ask(host)
    : from.urls;
  if (urls.length <= MAX_CAMERAS) return urls;
  throw new UsageError(
    `${urls.length} addresses were given, and Orion takes ${MAX_CAMERAS} cameras`,
    "Run init for a part of them.",
  );
}

function linesOf(host: Host): string[] {
  const text = host.readInput(MAX_INPUT_BYTES);
  if (text === null) {
    throw new UsageError("Standard input is too large for addresses", "Write one URL a line.");
  }
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  if (lines.length > 0) return lines;
  throw new UsageError("Standard input holds no address", "Write one URL a line.");
}

function ask(host: Host): string[] {
  const urls: string[] = [];
  while (urls.length < MAX_CAMERAS) {
    host.err(QUESTION);
    const line = host.readLine(MAX_INPUT_BYTES).trim();
    if (line === "") break;
    urls.push(line);
  }
  return urls;
}

/** `gate=rtsp://…`: an address with the id of its camera. */
const NAMED = /^([a-z0-9-]{1,64})=(?=[a-z]+:)/i;

/**
 * Checks addresses and gives each an id: the one before its `=`, else one made of the address.
 * @throws {UsageError} for the first that is invalid or given twice; without the address
 */
export function parseAddresses(given: readonly string[]): Address[] {
  const names = given.map((word) => NAMED.exec(word)?.[1]?.toLowerCase() ?? null);
  const urls = given.map((word) => word.replace(NAMED, ""));
  const cameras = urls.map((url, index): CameraUrl => {
    const place = `Address ${index + 1} of ${urls.length}`;
    const parsed = parseCameraUrl(url);
    if (!parsed.ok) throw new UsageError(`${place} ${asSentence(parsed.message)}`, parsed.remedy);
    const first = urls.indexOf(url);
    if (first === index) return parsed.value;
    throw new UsageError(`${place} is address ${first + 1} again`, "Remove one of them.");
  });
  const twice = names.find((name, index) => name !== null && names.indexOf(name) < index);
  if (twice !== undefined) {
    throw new UsageError(`Two addresses are named "${twice}"`, "Give each a name of its own.");
  }
  const ids = uniqueIds(cameras.map((camera, index) => ({
    wanted: names[index] ?? baseOf(camera),
    // A secret must not become a part of an id.
    further: furtherOf(writtenAddress(camera.text, "")),
  })));
  return cameras.map((camera, index) => {
    const id = ids[index] ?? "camera";
    const written = writtenAddress(camera.text, variablePrefix(id));
    return { given: camera.text, camera, id, written, variables: referencesIn(written) };
  });
}

/** A message of a parsed address begins with a verb, or with a subject of its own. */
function asSentence(message: string): string {
  return /^(?:is|holds|names|lacks)\b/.test(message) ? message : `cannot be used: ${message}`;
}

function baseOf({ kind, file, endpoint }: CameraUrl): string {
  if (endpoint === null) {
    return kind === "demo" ? "demo" : file?.split("/").at(-1)?.replace(/\.\w+$/, "") ?? "clip";
  }
  const { hostname } = endpoint;
  return isIP(hostname) === 0 ? hostname.split(".")[0] ?? hostname : `camera-${hostname}`;
}

/** What distinguishes two streams of one host: a channel, else the query, else the end of the path. */
function furtherOf(written: string): string {
  const { rest = "" } = splitUrl(written) ?? {};
  const channel = /\bch(?:annel|n)?[=_]?(\d+)/i.exec(rest.replaceAll("_", "&"))?.[1];
  if (channel !== undefined) return `channel-${channel}`;
  const [path = "", query = ""] = rest.split("?", 2);
  return query === "" ? path.split("/").at(-1) ?? "" : query;
}

const REFERENCE = /\$\{([^}]{1,256})\}/g;

/** The names of the variables that a text refers to, each once. */
export function referencesIn(text: string): string[] {
  const names = [...text.matchAll(REFERENCE)].map(([, name = ""]) => name);
  return [...new Set(names.filter((name) => VARIABLE_NAME.test(name)))];
}
