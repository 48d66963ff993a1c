/** HTTP requests: of every resource, with every kind of body, and of the shapes that smuggle a second one. */

export const TOKEN = "quagga-token";
/** The token in every form in which a request may carry it: `orion:` is two whole groups of Base64. */
export const TOKEN_FORMS: readonly string[] = [TOKEN, btoa(TOKEN)];
/** What a fault within the service says; no response may. */
export const FAULT = "rtsp://viewer:kestrel@10.0.0.1/";

const HOST = "Host: 127.0.0.1";
const PATHS = [
  ...["/healthz", "/readyz", "/status", "/metrics", "/cameras/gate/snapshot.jpg"],
  ...["/presence?limit=1", "/presence/01JD8Q.jpg"],
] as const;
const OTHERS = [
  ...["/cameras/dark/snapshot.jpg", "/cameras/broken/snapshot.jpg", "/nothing"],
  ...["/presence?limit=201", "/presence/other.jpg"],
] as const;

function request(first: string, fields: readonly string[] = [], body = ""): string {
  return [first, HOST, ...fields, "", body].join("\r\n");
}

const get = (path: string, ...fields: readonly string[]) => request(`GET ${path} HTTP/1.1`, fields);

const CHUNKED = "Transfer-Encoding: chunked";
const SECOND = get("/status");

/** Requests without the token. */
export const OPEN_REQUESTS: readonly [string, ...string[]] = [
  get("/healthz"),
  ...[...PATHS, ...OTHERS].map((path) => get(path)),
  ...PATHS.map((path) => get(path, "Authorization: Bearer wrong")),
  get("/status", `Authorization: Basic ${btoa("orion:wrong")}`, "Origin: http://evil.example"),
  get("/healthz", "Origin: http://127.0.0.1", "Connection: keep-alive"),
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
export const AUTHORISED_REQUESTS: readonly [string, ...string[]] = [
  get("/status", `Authorization: Bearer ${TOKEN}`),
  ...[...PATHS, ...OTHERS].map((path) => get(path, `Authorization: Bearer ${TOKEN}`)),
  get("/metrics", `Authorization: Basic ${btoa(`orion:${TOKEN}`)}`),
  get("/status", "Origin: http://evil.example", `Authorization: Bearer ${TOKEN}`),
];

/** Pieces that are inserted into requests. */
export const HTTP_WORDS = [
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
  ...["/healthz", "/status", "/cameras/%/snapshot.jpg", "/cameras/__proto__/snapshot.jpg", "@"],
] as const;
