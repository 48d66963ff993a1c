/** Requests that are refused, each with its one clear answer. */
import { MAX_CONTROL_BYTES } from "../../../src/health/control_route.ts";
import { BAD_COMMANDS, type BadCommand, command } from "./bad_commands.ts";

/** The token of the interface that they are sent to, and its address. */
export const TOKEN = "open-sesame";
export const HOST = "http://127.0.0.1:8080";
export const BEARER = { authorization: `Bearer ${TOKEN}` };

export type Headers = Readonly<Record<string, string>>;

const FORM = "application/x-www-form-urlencoded";
const EVIL = { origin: "http://evil.example" };
const COOKIE = `orion_session=${"a".repeat(43)}`;
const NO_LOGIN = ["HTTP_LOGIN", 400] as const;
const NO_PROBE = ["HTTP_PROBE", 400] as const;
const CAMERA = '{"url":"rtsp://192.0.2.10/stream1"}';

export type Bad = readonly [
  what: string,
  path: string,
  headers: Headers,
  body: BadCommand[1] | null,
  answer: BadCommand[2],
  method?: string,
];

const REQUESTS: readonly Bad[] = [
  ["a command of 256 KiB and one byte", "/control", BEARER, "x".repeat(MAX_CONTROL_BYTES + 1), [
    "CONTROL_TOO_LARGE",
    413,
  ]],
  [
    "a command that is said to be huge",
    "/control",
    { ...BEARER, "content-length": "999999999" },
    command("pause"),
    ["CONTROL_TOO_LARGE", 413],
  ],
  [
    "a command in chunks",
    "/control",
    { ...BEARER, "transfer-encoding": "chunked" },
    command("pause"),
    ["HTTP_NO_LENGTH", 411],
  ],
  ["a command without a token", "/control", {}, command("pause"), ["HTTP_TOKEN", 401]],
  ["a command with a wrong token", "/control", { authorization: "Bearer x" }, command("pause"), [
    "HTTP_TOKEN",
    401,
  ]],
  [
    "a command with a made-up cookie",
    "/control",
    { cookie: COOKIE, origin: HOST },
    command("pause"),
    [
      "HTTP_TOKEN",
      401,
    ],
  ],
  [
    "a command with a long cookie",
    "/control",
    { cookie: `orion_session=${"a".repeat(4_000)}` },
    command("pause"),
    ["HTTP_TOKEN", 401],
  ],
  ["a command of another site", "/control", { ...BEARER, ...EVIL }, command("pause"), [
    "HTTP_OTHER_SITE",
    403,
  ]],
  [
    "a command of another port",
    "/control",
    { ...BEARER, origin: "http://127.0.0.1:8081" },
    command("pause"),
    ["HTTP_OTHER_SITE", 403],
  ],
  ["a command of no origin", "/control", { ...BEARER, origin: "null" }, command("pause"), [
    "HTTP_OTHER_SITE",
    403,
  ]],
  [
    "a command of an image",
    "/control",
    { ...BEARER, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    command("pause"),
    ["HTTP_OTHER_SITE", 403],
  ],
  ...[{ origin: HOST }, { "sec-fetch-site": "none" }, { "user-agent": "Mozilla/4.0" }].flatMap(
    (browser: Headers) =>
      ["text/plain", FORM, ""].map((type): Bad => [
        `a command as "${type}" of a browser with ${Object.keys(browser).join()}`,
        "/control",
        { ...BEARER, ...browser, "content-type": type },
        command("pause"),
        ["HTTP_MEDIA_TYPE", 415],
      ]),
  ),
  ["a command by GET", "/control", BEARER, null, ["HTTP_METHOD", 405], "GET"],
  ["a command by PUT", "/control", BEARER, command("pause"), ["HTTP_METHOD", 405], "PUT"],
  ["a login by GET", "/login?token=open-sesame", {}, null, ["HTTP_METHOD", 405], "GET"],
  ["a logout by GET", "/logout", {}, null, ["HTTP_METHOD", 405], "GET"],
  ["a session by DELETE", "/session", {}, null, ["HTTP_METHOD", 405], "DELETE"],
  ["events by POST", "/events", BEARER, "{}", ["HTTP_METHOD", 405]],
  ["a login of nothing", "/login", {}, "", NO_LOGIN],
  ["a login of no JSON", "/login", {}, "open-sesame", NO_LOGIN],
  ["a login of a number", "/login", {}, '{"token":1}', NO_LOGIN],
  ["a login of null", "/login", {}, "null", NO_LOGIN],
  ["a login of a list", "/login", {}, '["open-sesame"]', NO_LOGIN],
  ["a login of an empty token", "/login", {}, '{"token":""}', NO_LOGIN],
  ["a login with a key twice", "/login", {}, '{"token":"x","token":"open-sesame"}', NO_LOGIN],
  ["a login with more keys", "/login", {}, '{"token":"open-sesame","user":"x"}', NO_LOGIN],
  ["a login of a token within", "/login", {}, '{"token":{"token":"open-sesame"}}', NO_LOGIN],
  ["a login with a prototype", "/login", {}, '{"token":"open-sesame","__proto__":1}', NO_LOGIN],
  [
    "a form with two tokens",
    "/login",
    { "content-type": FORM },
    "token=x&token=open-sesame",
    NO_LOGIN,
  ],
  ["a form without a token", "/login", { "content-type": FORM }, "password=open-sesame", NO_LOGIN],
  ["a login as text", "/login", { "content-type": "text/plain" }, '{"token":"open-sesame"}', [
    "HTTP_MEDIA_TYPE",
    415,
  ]],
  ["a login in parts", "/login", { "content-type": "multipart/form-data; boundary=x" }, "--x--", [
    "HTTP_MEDIA_TYPE",
    415,
  ]],
  ["a wrong login", "/login", {}, '{"token":"open-sesam"}', ["HTTP_WRONG_TOKEN", 401]],
  ["a login in other letters", "/login", {}, '{"token":"OPEN-SESAME"}', ["HTTP_WRONG_TOKEN", 401]],
  ["a login of 5 kB", "/login", { "content-length": "5000" }, `{"token":"${"x".repeat(5_000)}"}`, [
    "HTTP_TOO_LARGE",
    413,
  ]],
  ["a login of another site", "/login", EVIL, '{"token":"open-sesame"}', ["HTTP_OTHER_SITE", 403]],
  ["a logout of another site", "/logout", { cookie: COOKIE, ...EVIL }, null, [
    "HTTP_OTHER_SITE",
    403,
  ]],
  [
    "events of an unknown camera",
    "/events?camera=shed",
    BEARER,
    null,
    ["HTTP_NO_CAMERA", 404],
    "GET",
  ],
  [
    "events of another site",
    "/events",
    { ...BEARER, ...EVIL },
    null,
    ["HTTP_OTHER_SITE", 403],
    "GET",
  ],
  ["a probe of nothing", "/probe", BEARER, "", NO_PROBE],
  ["a probe of no JSON", "/probe", BEARER, "rtsp://192.0.2.10/", NO_PROBE],
  ["a probe of a text", "/probe", BEARER, '"rtsp://192.0.2.10/"', NO_PROBE],
  ["a probe of a list", "/probe", BEARER, `[${CAMERA}]`, NO_PROBE],
  ["a probe of no address", "/probe", BEARER, '{"url":""}', NO_PROBE],
  ["a probe of a number", "/probe", BEARER, '{"url":5}', NO_PROBE],
  ["a probe of two addresses", "/probe", BEARER, '{"url":["rtsp://a","rtsp://b"]}', NO_PROBE],
  ["a probe with a key twice", "/probe", BEARER, '{"url":"rtsp://a","url":"rtsp://b"}', NO_PROBE],
  ["a probe with more keys", "/probe", BEARER, '{"url":"rtsp://a","demuxer":"libav"}', NO_PROBE],
  [
    "a probe of a long address",
    "/probe",
    BEARER,
    `{"url":"rtsp://${"a".repeat(4_100)}"}`,
    NO_PROBE,
  ],
  [
    "a probe with an id that is a path",
    "/probe",
    BEARER,
    '{"url":"rtsp://a","id":"../a"}',
    NO_PROBE,
  ],
  [
    "a probe of 9 kB",
    "/probe",
    { ...BEARER, "content-length": "9000" },
    `{"url":"${"x".repeat(9_000)}"}`,
    [
      "HTTP_TOO_LARGE",
      413,
    ],
  ],
  ["a probe without a token", "/probe", {}, CAMERA, ["HTTP_TOKEN", 401]],
  ["a probe with a made-up cookie", "/probe", { cookie: COOKIE, origin: HOST }, CAMERA, [
    "HTTP_TOKEN",
    401,
  ]],
  ["a probe of another site", "/probe", { ...BEARER, ...EVIL }, CAMERA, ["HTTP_OTHER_SITE", 403]],
  [
    "a probe as text of a page",
    "/probe",
    { ...BEARER, origin: HOST, "content-type": "text/plain" },
    CAMERA,
    ["HTTP_MEDIA_TYPE", 415],
  ],
  ["a probe by GET", "/probe?url=rtsp://192.0.2.10/", BEARER, null, ["HTTP_METHOD", 405], "GET"],
  ["a snapshot of an unknown camera", "/cameras/shed/snapshot.jpg", BEARER, null, [
    "HTTP_NO_CAMERA",
    404,
  ], "GET"],
  ["live pictures of an unknown camera", "/cameras/shed/live.mjpg", BEARER, null, [
    "HTTP_NO_CAMERA",
    404,
  ], "GET"],
  ["live pictures with boxes in words", "/cameras/gate/live.mjpg?boxes=yes", BEARER, null, [
    "HTTP_BOXES",
    400,
  ], "GET"],
  [
    "live pictures of another site",
    "/cameras/gate/live.mjpg",
    { ...BEARER, "sec-fetch-site": "cross-site" },
    null,
    ["HTTP_OTHER_SITE", 403],
    "GET",
  ],
  [
    "a picture of an unknown stay",
    "/presence/01JD8Q.jpg",
    BEARER,
    null,
    ["HTTP_NO_PICTURE", 404],
    "GET",
  ],
  ["fewer than no stays", "/presence?limit=-1", BEARER, null, ["HTTP_LIMIT", 400], "GET"],
  ["no stays", "/presence?limit=0", BEARER, null, ["HTTP_LIMIT", 400], "GET"],
  ["stays in words", "/presence?limit=NaN", BEARER, null, ["HTTP_LIMIT", 400], "GET"],
  ["a resource that is none", "/config", BEARER, null, ["HTTP_NO_RESOURCE", 404], "GET"],
  ...[
    ...["/healthz", "/readyz", "/status", "/metrics", "/presence", "/presence/01JD8Q.jpg"],
    ...["/cameras/gate/snapshot.jpg", "/cameras/gate/live.mjpg"],
  ].map((path): Bad => [`${path} by POST`, path, BEARER, "{}", ["HTTP_METHOD", 405]]),
  ["events with a made-up cookie", "/events", { cookie: COOKIE }, null, ["HTTP_TOKEN", 401], "GET"],
];

/** All of them. */
export const BAD_REQUESTS: readonly Bad[] = [
  ...BAD_COMMANDS.map(([what, body, answer]): Bad => [
    `a command of ${what}`,
    "/control",
    BEARER,
    body,
    answer,
  ]),
  ...REQUESTS,
];
