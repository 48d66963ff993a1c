/** HTTP requests: of every resource, with every kind of body, and of the shapes that smuggle a second one. */
import { corpusOf, mutated, pick, type Random } from "../mutate.ts";

export const TOKEN = "quagga-token";
/** The token in every form in which a request may carry it: `orion:` is two whole groups of Base64. */
export const TOKEN_FORMS: readonly string[] = [TOKEN, btoa(TOKEN)];
/** What a fault within the service says; no response may. */
export const FAULT = "rtsp://viewer:kestrel@10.0.0.1/";

/** The data of an event, which no reader without the token gets. */
export const EVENT = '{"schema":"orion.health/1"}';

const HOST = "Host: 127.0.0.1";
const PATHS = [
  ...["/healthz", "/readyz", "/status", "/metrics", "/cameras/gate/snapshot.jpg"],
  ...["/presence?limit=1", "/presence/01JD8Q.jpg", "/events", "/events?camera=gate"],
] as const;
const OTHERS = [
  ...["/cameras/dark/snapshot.jpg", "/cameras/broken/snapshot.jpg", "/nothing"],
  ...["/presence?limit=201", "/presence/other.jpg", "/events?camera=shed"],
  ...["/events?camera=gate&camera=dark", "/control", "/login", "/logout"],
] as const;

function request(first: string, fields: readonly string[] = [], body = ""): string {
  return [first, HOST, ...fields, "", body].join("\r\n");
}

const get = (path: string, ...fields: readonly string[]) => request(`GET ${path} HTTP/1.1`, fields);

const CHUNKED = "Transfer-Encoding: chunked";
const SECOND = get("/status");

/** A `POST` with its length and type. */
function post(path: string, body: string, ...fields: readonly string[]): string {
  const length = new TextEncoder().encode(body).length;
  const types = fields.some((field) => /^content-type:/i.test(field)) ? [] : [JSON_TYPE];
  return request(`POST ${path} HTTP/1.1`, [`Content-Length: ${length}`, ...types, ...fields], body);
}

const JSON_TYPE = "Content-Type: application/json";
const FORM_TYPE = "Content-Type: application/x-www-form-urlencoded";
const OWN = "Origin: http://127.0.0.1";
const COOKIE = `Cookie: orion_session=${"a".repeat(43)}`;
const PAUSE = '{"schema":"orion.command/1","id":"1","command":"pause","params":{"camera":"gate"}}';

/** Requests without the token. */
const OPEN_REQUESTS: readonly [string, ...string[]] = [
  get("/healthz"),
  ...[...PATHS, ...OTHERS].map((path) => get(path)),
  ...PATHS.map((path) => get(path, "Authorization: Bearer wrong")),
  get("/status", `Authorization: Basic ${btoa("orion:wrong")}`, "Origin: http://evil.example"),
  get("/healthz", "Origin: http://127.0.0.1", "Connection: keep-alive"),
  get("/session"),
  get("/session", COOKIE),
  get("/events", COOKIE, "Last-Event-ID: 7-12"),
  post("/login", '{"token":"wrong"}'),
  post("/login", '{"token":"wrong"}', OWN),
  post("/login", '{"token":1}'),
  post("/login", "token=wrong", FORM_TYPE),
  post("/login", '{"token":"wrong"}', "Content-Type: text/plain"),
  post("/login", '{"token":"wrong"}', "Origin: http://evil.example"),
  post("/login", `{"token":"${"x".repeat(5_000)}"}`),
  post("/logout", "", COOKIE, OWN),
  post("/logout", "", COOKIE, "Sec-Fetch-Site: same-site"),
  post("/control", PAUSE),
  post("/control", PAUSE, COOKIE, OWN),
  request("OPTIONS /login HTTP/1.1", ["Access-Control-Request-Method: POST"]),
  request("DELETE /session HTTP/1.1"),
  request("POST /status HTTP/1.1", ["Content-Length: 5"], "hello"),
  request("HEAD /healthz HTTP/1.1"),
  request("OPTIONS * HTTP/1.1"),
  request("CONNECT 127.0.0.1:80 HTTP/1.1"),
  request("TRACE /healthz HTTP/1.1"),
  request("PRI * HTTP/2.0"),
  request("GET http://127.0.0.1/status HTTP/1.1"),
  "GET /healthz HTTP/1.0\r\n\r\n",
  "GET /status\r\n",
  // Smuggling: two lengths, a length and chunks, chunks that are not, obsolete folding, bare line feeds.
  request("POST /healthz HTTP/1.1", ["Content-Length: 5", "Content-Length: 6"], "hello!"),
  request("POST /healthz HTTP/1.1", ["Content-Length: 4", CHUNKED], `0\r\n\r\n${SECOND}`),
  request("POST /healthz HTTP/1.1", [CHUNKED, `Content-Length: ${SECOND.length}`], SECOND),
  request("POST /healthz HTTP/1.1", [CHUNKED], "5;a=b\r\nhello\r\n0\r\nTrailer: x\r\n\r\n"),
  request("POST /healthz HTTP/1.1", [CHUNKED], `fffffffffffffffff\r\nx\r\n${SECOND}`),
  request(
    "POST /healthz HTTP/1.1",
    ["Transfer-Encoding: xchunked"],
    `1\r\nZ\r\n0\r\n\r\n${SECOND}`,
  ),
  request("POST /healthz HTTP/1.1", ["Transfer-Encoding : chunked"], `0\r\n\r\n${SECOND}`),
  request("POST /healthz HTTP/1.1", ["Transfer-Encoding:\x0bchunked"], `0\r\n\r\n${SECOND}`),
  request("GET /healthz HTTP/1.1", ["X: a\r\n folded", "Host: other"], SECOND),
  `GET /healthz HTTP/1.1\nHost: 127.0.0.1\n\n${SECOND}`,
  `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n${SECOND.repeat(5)}`,
  request("POST /status HTTP/1.1", ["Expect: 100-continue", "Content-Length: 9"], "123456789"),
  request("GET /status HTTP/1.1", ["Upgrade: websocket", "Connection: Upgrade"]),
  request("GET /healthz HTTP/1.1", Array.from({ length: 300 }, (_, index) => `X-${index}: y`)),
];

/** Requests with the token. */
const AUTHORISED_REQUESTS: readonly [string, ...string[]] = [
  get("/status", `Authorization: Bearer ${TOKEN}`),
  ...[...PATHS, ...OTHERS].map((path) => get(path, `Authorization: Bearer ${TOKEN}`)),
  get("/metrics", `Authorization: Basic ${btoa(`orion:${TOKEN}`)}`),
  get("/status", "Origin: http://evil.example", `Authorization: Bearer ${TOKEN}`),
  get("/events", `Authorization: Bearer ${TOKEN}`, "Last-Event-ID: 1-1"),
  get("/session", `Authorization: Bearer ${TOKEN}`),
  post("/login", `{"token":"${TOKEN}"}`),
  post("/login", `{"token":"${TOKEN}"}`, OWN),
  post("/login", `token=${TOKEN}`, FORM_TYPE, OWN),
  post("/control", PAUSE, `Authorization: Bearer ${TOKEN}`),
  post("/control", PAUSE, `Authorization: Bearer ${TOKEN}`, OWN),
  post("/control", "{", `Authorization: Bearer ${TOKEN}`),
  post("/control", PAUSE, `Authorization: Bearer ${TOKEN}`, "Content-Type: text/plain"),
  request("OPTIONS /control HTTP/1.1", [`Authorization: Bearer ${TOKEN}`]),
  request("HEAD /events HTTP/1.1", [`Authorization: Bearer ${TOKEN}`]),
  request("PUT /control HTTP/1.1", [`Authorization: Bearer ${TOKEN}`]),
];

/** Pieces that are inserted into requests. */
const HTTP_WORDS = [
  ...[
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    "\0",
    " ",
    "\t",
    ":",
    "/",
    "//",
    "/../",
    "%2e%2e/",
    "%00",
    "?",
  ],
  ...["GET ", "POST ", "HTTP/1.1", "HTTP/9.9", "Host: ", "Host: a:99999\r\n", "Host: [::1\r\n"],
  ...["Origin: null\r\n", "Content-Length: 0\r\n", "Content-Length: -1\r\n", "\xff", "\u202e"],
  ...["Content-Length: 99999999999999999999\r\n", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n"],
  ...["Authorization: Bearer \r\n", "Authorization: Basic ====\r\n", "Expect: 100-continue\r\n"],
  ...["/events", "/control", "/login", "/logout", "/session", "Cookie: orion_session=\r\n", "{"],
  ...["Sec-Fetch-Site: cross-site\r\n", "Content-Type: text/plain\r\n", "Last-Event-ID: 1-1\r\n"],
  ...["/healthz", "/status", "/cameras/%/snapshot.jpg", "/cameras/__proto__/snapshot.jpg", "@"],
] as const;

const OPEN = corpusOf(OPEN_REQUESTS);
const ALL = corpusOf([...OPEN_REQUESTS, ...AUTHORISED_REQUESTS, ...AUTHORISED_REQUESTS]);

/** A request, mostly mutated, without or with the token. */
export function httpRequest(random: Random): Uint8Array {
  const corpus = random(2) === 0 ? OPEN : ALL;
  return random(5) === 0 ? pick(random, corpus) : mutated(random, corpus, HTTP_WORDS);
}
