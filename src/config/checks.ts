/**
 * Checks between keys of a configuration. They run on data that may be invalid elsewhere, so that one
 * run reports everything; values of the wrong type are skipped, because the schema reports those.
 */
import { isLoopback } from "../core/endpoint.ts";
import { suggestName } from "../core/nearest.ts";
import { cameraProblems } from "./camera_checks.ts";
import { type FoundProblem, items, lookUp } from "./issues.ts";
import type { ConfigPath } from "./problems.ts";
import { classProblems } from "./scene_checks.ts";
import { MAX_CAMERAS } from "./schema.ts";
import { parseBrokerUrl, parseListen } from "./urls.ts";
import { MAX_PROBLEMS } from "./yaml.ts";

/**
 * Finds contradictions between the parts of a configuration.
 * @param quotable  whether the value at a path may be quoted
 */
export function crossProblems(
  value: unknown,
  quotable: (at: ConfigPath) => boolean,
): FoundProblem[] {
  return [
    ...duplicates(value, "cameras", "camera"),
    ...duplicates(value, "detectors", "detector"),
    ...cameraProblems(value),
    ...detectorCameras(value),
    ...classProblems(value, quotable),
    ...brokerAddress(value),
    ...brokerSecurity(value),
    ...brokerCredentials(value),
    ...outboxPolicy(value),
    ...openListener(value),
  ];
}

/** The ids of the items of a list, with their paths. */
function idsIn(value: unknown, list: string): { id: string; at: ConfigPath }[] {
  return items(lookUp(value, [list])).flatMap((item, index) => {
    const id = lookUp(item, ["id"]);
    return typeof id === "string" ? [{ id, at: [list, index, "id"] }] : [];
  });
}

function duplicates(value: unknown, list: string, what: string): FoundProblem[] {
  const seen = new Set<string>();
  const problems: FoundProblem[] = [];
  for (const { id, at } of idsIn(value, list)) {
    if (seen.has(id)) {
      problems.push({
        at,
        message: `there is a ${what} "${id}" already`,
        remedy: `Give each ${what} an id of its own.`,
      });
    }
    seen.add(id);
  }
  return problems;
}

function detectorCameras(value: unknown): FoundProblem[] {
  const ids = idsIn(value, "cameras").map(({ id }) => id);
  const known = new Set(ids);
  const problems: FoundProblem[] = [];
  items(lookUp(value, ["detectors"])).forEach((detector, index) => {
    const seen = new Set<string>();
    items(lookUp(detector, ["cameras"])).forEach((camera, place) => {
      // A suggestion takes long; further cameras and problems are too many by other checks.
      if (typeof camera !== "string" || problems.length === MAX_PROBLEMS) return;
      const at = ["detectors", index, "cameras", place];
      if (seen.has(camera)) {
        problems.push({ at, message: `names "${camera}" twice`, remedy: "Name it once." });
      } else if (!known.has(camera)) {
        problems.push({
          at,
          message: `there is no camera "${camera}"`,
          remedy: suggestName(camera, ids.slice(0, MAX_CAMERAS)),
        });
      }
      seen.add(camera);
    });
  });
  return problems;
}

/** Checks `mqtt.listen`, which is for the embedded broker: loopback only. */
function brokerAddress(value: unknown): FoundProblem[] {
  const at = ["mqtt", "listen"];
  const listen = lookUp(value, at);
  if (typeof listen !== "string") return [];
  if (lookUp(value, ["mqtt", "url"]) !== undefined) {
    return [{
      at,
      message: "has no meaning beside mqtt.url: the embedded broker does not run",
      remedy: "Remove one of the two.",
    }];
  }
  const parsed = parseListen(listen, 1);
  if (!parsed.ok || isLoopback(parsed.value.hostname)) return [];
  return [{
    at,
    message: "the embedded broker has no passwords, so it listens on loopback addresses only",
    remedy: "Write 127.0.0.1 and a port, or run a broker of your own and set mqtt.url.",
  }];
}

/** Checks that certificates are used over TLS only, and that a client certificate has its key. */
function brokerSecurity(value: unknown): FoundProblem[] {
  const problems: FoundProblem[] = [];
  const set = (key: string) => lookUp(value, ["mqtt", key]) !== undefined;
  const url = lookUp(value, ["mqtt", "url"]);
  const secure = typeof url === "string" && /^(mqtts|wss):/i.test(url);
  const plain = url === undefined || (typeof url === "string" && /^(mqtt|ws):/i.test(url));
  for (const key of ["ca", "cert", "key"]) {
    if (!set(key) || !plain) continue;
    problems.push({
      at: ["mqtt", key],
      message: "is used with mqtts:// and wss:// only",
      remedy: "Change mqtt.url to mqtts:// or wss://, or remove this key.",
    });
  }
  for (const [key, other] of [["cert", "key"], ["key", "cert"]] as const) {
    if (!secure || !set(key) || set(other)) continue;
    problems.push({
      at: ["mqtt", key],
      message: `needs mqtt.${other} beside it`,
      remedy: `Add mqtt.${other}: mutual TLS takes a certificate and its key.`,
    });
  }
  return problems;
}

/** Checks that credentials are set in one place, and only for a broker that takes them. */
function brokerCredentials(value: unknown): FoundProblem[] {
  const url = lookUp(value, ["mqtt", "url"]);
  const parsed = typeof url === "string" ? parseBrokerUrl(url) : null;
  const problems: FoundProblem[] = [];
  for (const key of ["username", "password"] as const) {
    const at = ["mqtt", key];
    if (lookUp(value, at) === undefined) continue;
    if (url === undefined) {
      problems.push({
        at,
        message: "has no meaning without mqtt.url: the embedded broker takes no credentials",
        remedy: "Set mqtt.url, or remove this key.",
      });
    } else if (parsed?.ok && parsed.value[key] !== null) {
      problems.push({
        at,
        message: `mqtt.url holds a ${key} as well`,
        remedy: "Remove the one in mqtt.url.",
      });
    }
  }
  return problems;
}

/** Checks that a queue has acknowledgements: messages of QoS 0 never get one. */
function outboxPolicy(value: unknown): FoundProblem[] {
  const at = ["mqtt", "outbox", "policy"];
  if (lookUp(value, at) !== "queue" || lookUp(value, ["mqtt", "qos", "inferences"]) === 1) {
    return [];
  }
  return [{
    at,
    message: "queue keeps what was not acknowledged, and messages of QoS 0 never are",
    remedy: "Set mqtt.qos.inferences to 1, or the policy to latest.",
  }];
}

function openListener(value: unknown): FoundProblem[] {
  const at = ["health", "listen"];
  const listen = lookUp(value, at);
  if (typeof listen !== "string" || listen === "off") return [];
  const parsed = parseListen(listen, 0);
  if (!parsed.ok || isLoopback(parsed.value.hostname)) return [];
  if (lookUp(value, ["health", "token"]) !== undefined) return [];
  return [{
    at,
    message: "others can reach this address, and no token is set",
    remedy: "Set health.token, or listen on 127.0.0.1.",
  }];
}
