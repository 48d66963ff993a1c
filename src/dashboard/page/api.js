// @ts-check
/** Requests to the service that the page came from. */

/**
 * @typedef {import("../../health/health_json.ts").HealthJson} Status
 * @typedef {import("../../health/presence_json.ts").StayJson} Stay
 * @typedef {import("../../health/probe_route.ts").SetupJson} Setup
 */

/** The longest wait for an answer. */
const TIMEOUT_MS = 10_000;
/** The same where a camera is opened before. */
const PROBE_TIMEOUT_MS = 60_000;

/** The service wants the token. */
export class LoginNeeded extends Error {}

/**
 * Sends a request; what the browser says of one without an answer is put into words.
 * @param {string} path
 * @param {RequestInit} [init]
 * @param {number} [withinMs]
 */
async function request(path, init = {}, withinMs = TIMEOUT_MS) {
  const signal = AbortSignal.timeout(withinMs);
  try {
    return await fetch(path, { cache: "no-store", signal, ...init });
  } catch (cause) {
    const says = signal.aborted ? "Orion does not answer" : "Orion cannot be reached";
    throw new Error(says, { cause });
  }
}

/**
 * @param {unknown} body
 * @returns {RequestInit}
 */
function json(body) {
  const headers = { "Content-Type": "application/json" };
  return { method: "POST", headers, body: JSON.stringify(body) };
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 * @param {number} [withinMs]
 */
async function ask(path, init, withinMs = TIMEOUT_MS) {
  const response = await request(path, init, withinMs);
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

/**
 * Why a request was refused, and what to do: the acknowledgement of a command has both in its error.
 * @param {Response} response
 */
async function problemOf(response) {
  const text = await response.text();
  try {
    const refusal = JSON.parse(text);
    const { message = refusal.error, remedy = refusal.remedy } = refusal.error;
    return remedy === undefined ? message : `${message}. ${remedy}`;
  } catch {
    // The answer of a proxy, which is no JSON.
    return `the server answered ${response.status}`;
  }
}

/** @returns {Promise<Status>} */
export async function readStatus() {
  return await (await read("status")).json();
}

/**
 * @param {number} limit
 * @returns {Promise<readonly Stay[]>}
 */
export async function readStays(limit) {
  const { stays } = await (await read(`presence?limit=${limit}`)).json();
  return stays;
}

/**
 * Where the picture of a stay is; null where there is none. It is relative to the page, as every request is:
 * behind a proxy the page may be below a path.
 * @param {Pick<Stay, "best">} stay
 */
export function pictureOf({ best: { jpeg, seq } }) {
  return jpeg === null ? null : `${jpeg.replace(/^\//, "")}?seq=${seq}`;
}

/**
 * Memory and processor of the process, which only the metrics have.
 * @returns {Promise<{ residentBytes: number, cpuSeconds: number } | null>}
 */
export async function readProcess() {
  const text = await (await read("metrics")).text();
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
  const response = await request("session");
  if (!response.ok) return { tokenNeeded: false, loggedIn: true };
  const { required, signedIn } = await response.json();
  return { tokenNeeded: required, loggedIn: signedIn };
}

/**
 * @param {string} token
 * @returns {Promise<string | null>} why it was refused
 */
export async function login(token) {
  const response = await request("login", json({ token }));
  return response.ok ? null : await problemOf(response);
}

export async function logout() {
  await request("logout", { method: "POST" });
}

/**
 * Sends a command.
 * @param {string} command
 * @param {Readonly<Record<string, unknown>>} params
 * @returns {Promise<string | null>} why it was refused
 */
export async function control(command, params) {
  const response = await ask("control", json({ schema: "orion.command/1", command, params }));
  return response.ok ? null : await problemOf(response);
}

/**
 * Looks at a camera that is not configured.
 * @param {{ url: string, id?: string }} camera
 * @returns {Promise<Setup>}
 */
export async function probe(camera) {
  const response = await ask("probe", json(camera), PROBE_TIMEOUT_MS);
  if (!response.ok) throw new Error(await problemOf(response));
  return await response.json();
}
