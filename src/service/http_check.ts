/** `orion check`: whether the HTTP interface can listen on its address, and which program has it if not. */
import { get, type IncomingMessage } from "node:http";
import type { HealthSettings } from "../config/settings.ts";
import type { Clock } from "../core/clock.ts";
import { type Endpoint, endpointText } from "../core/endpoint.ts";
import { challengeInstance } from "../health/challenge.ts";
import { listenError } from "../health/listen_error.ts";

/** The time limit for the program at the address to answer. */
const ANSWER_TIMEOUT_MS = 2_000;
/** Bounds the answer; the status of 500 cameras is smaller. */
const MAX_ANSWER_LENGTH = 4 * 1024 * 1024;
/** Bounds what is shown of another program's name. */
const MAX_NAME_LENGTH = 40;

/** The program that listens on an address, as far as it is known. */
export type Occupant =
  | { readonly kind: "orion"; readonly instance: string }
  | { readonly kind: "http"; readonly name: string | null }
  | { readonly kind: "unknown" };

/**
 * Listens on the address for a moment. An address in use by the running service is as it should be.
 * @returns the outcome in a few words
 * @throws OrionError `HTTP_LISTEN`
 */
export async function checkHttp(
  { health, instance, clock }: {
    readonly health: HealthSettings;
    readonly instance: string;
    readonly clock: Clock;
  },
): Promise<string> {
  const { listen } = health;
  if (listen === null) return "off";
  const url = `http://${endpointText(listen)}`;
  try {
    Deno.listen(listen).close();
    return `${url}: free`;
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw listenError(listen, error);
    const occupant = await identifyOccupant(listen, clock);
    if (occupant.kind === "orion" && occupant.instance === instance) {
      return `${url}: in use by this service, which is running (instance "${instance}")`;
    }
    throw listenError(listen, error, occupantText(occupant));
  }
}

function occupantText(occupant: Occupant): string {
  switch (occupant.kind) {
    case "orion":
      return `another Orion listens there (instance "${occupant.instance}")`;
    case "http":
      return occupant.name === null
        ? "another program listens there, which answers HTTP"
        : `another program listens there, which answers HTTP as "${occupant.name}"`;
    case "unknown":
      return "another program listens there, which does not answer HTTP";
  }
}

/** Asks the program at an address who it is. Sends no token: it may be any program. */
export function identifyOccupant(
  { hostname, port }: Endpoint,
  clock: Clock,
): Promise<Occupant> {
  return new Promise((resolve) => {
    const options = { host: hostname, port, path: "/status", agent: false };
    const request = get(options, (response) => {
      occupantOf(response).then(settle, () => settle({ kind: "unknown" }));
    });
    const settle = (occupant: Occupant) => {
      cancel();
      request.destroy();
      resolve(occupant);
    };
    const cancel = clock.after(ANSWER_TIMEOUT_MS, () => settle({ kind: "unknown" }));
    request.on("error", () => settle({ kind: "unknown" }));
  });
}

async function occupantOf(response: IncomingMessage): Promise<Occupant> {
  const { server, "www-authenticate": challenge } = response.headers;
  const instance = challengeInstance(challenge ?? "") ?? instanceIn(await textOf(response));
  if (instance !== null) return { kind: "orion", instance };
  const name = [server ?? ""].flat().join().replace(/[^ -~]/g, "").slice(0, MAX_NAME_LENGTH);
  return { kind: "http", name: name === "" ? null : name };
}

/** The text of an answer; "" when it is too long. */
async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of response.setEncoding("utf8")) {
    text += String(part);
    if (text.length > MAX_ANSWER_LENGTH) return "";
  }
  return text;
}

/** The instance in an answer to `GET /status`; null when it is another answer. */
function instanceIn(text: string): string | null {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (_error) {
    return null;
  }
  if (answer === null || typeof answer !== "object") return null;
  if (!("schema" in answer) || !("instance" in answer)) return null;
  const { schema, instance } = answer;
  const isReport = typeof schema === "string" && schema.startsWith("orion.health/");
  return isReport && typeof instance === "string" ? instance : null;
}
