// @ts-check
/** Requests to the service that the page came from. */

/**
 * @typedef {import("../../health/health_json.ts").HealthJson} Status
 * @typedef {import("../../health/presence_json.ts").StayJson} Stay
 * @typedef {{ status: "ok" | "error", error: { code: string, message: string, remedy?: string } | null }} Ack
 */

/** The longest wait for an answer. */
const TIMEOUT_MS = 10_000;

/** The service wants the token. */
export class LoginNeeded extends Error {}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 */
async function ask(path, init = {}) {
  const response = await fetch(path, {
    cache: "no-store",
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...init,
  });
  if (response.status === 401) throw new LoginNeeded("the token is needed");
  return response;
}

/**
 * @param {string} path
 * @returns {Promise<Response>}
 */
async function read(path) {
  const response = await ask(path);
  if (!response.ok) throw new Error(await problemOf(response));
  return response;
}

/** @param {Response} response */
async function problemOf(response) {
  const text = await response.text();
  try {
    const { error, remedy } = JSON.parse(text);
    return `${error ?? response.statusText}${remedy === undefined ? "" : `. ${remedy}`}`;
  } catch {
    // The answer of a proxy, which is no JSON.
    return `the server answered ${response.status}`;
  }
}

/** @returns {Promise<Status>} */
export async function readStatus() {
  return await (await read("/status")).json();
}

/**
 * @param {number} limit
 * @returns {Promise<readonly Stay[]>}
 */
export async function readStays(limit) {
  const { stays } = await (await read(`/presence?limit=${limit}`)).json();
  return stays;
}

/**
 * Memory and processor of the process, which only the metrics have.
 * @returns {Promise<{ residentBytes: number, cpuSeconds: number } | null>}
 */
export async function readProcess() {
  const text = await (await read("/metrics")).text();
  const value = (/** @type {string} */ name) => {
    const line = text.split("\n").find((one) => one.startsWith(`${name} `));
    return line === undefined ? NaN : Number(line.slice(name.length + 1));
  };
  const residentBytes = value("process_resident_memory_bytes");
  const cpuSeconds = value("process_cpu_seconds_total");
  return Number.isNaN(residentBytes + cpuSeconds) ? null : { residentBytes, cpuSeconds };
}

/**
 * Whether a token is needed, and whether this browser has given it.
 * @returns {Promise<{ tokenNeeded: boolean, loggedIn: boolean }>}
 */
export async function readSession() {
  const response = await fetch("/session", { cache: "no-store" });
  if (!response.ok) return { tokenNeeded: false, loggedIn: true };
  const { required, signedIn } = await response.json();
  return { tokenNeeded: required, loggedIn: signedIn };
}

/**
 * @param {string} token
 * @returns {Promise<string | null>} why it was refused
 */
export async function login(token) {
  const response = await fetch("/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return response.ok ? null : await problemOf(response);
}

export async function logout() {
  await fetch("/logout", { method: "POST", signal: AbortSignal.timeout(TIMEOUT_MS) });
}

/**
 * Sends a command and returns its acknowledgement, as over MQTT.
 * @param {string} command
 * @param {Readonly<Record<string, unknown>>} params
 * @returns {Promise<Ack>}
 */
export async function control(command, params) {
  const response = await ask("/control", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ schema: "orion.command/1", command, params }),
  });
  const text = await response.text();
  try {
    const ack = JSON.parse(text);
    if (ack.status === "ok" || ack.error?.message !== undefined) return ack;
    const message = String(ack.error ?? response.statusText);
    return { status: "error", error: { code: `HTTP_${response.status}`, message } };
  } catch {
    // The answer of a proxy, which is no JSON.
    const message = `the server answered ${response.status}`;
    return { status: "error", error: { code: `HTTP_${response.status}`, message } };
  }
}
