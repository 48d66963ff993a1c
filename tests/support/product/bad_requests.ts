/** Requests that are refused, each with its one clear answer. */
import { MAX_CONTROL_BYTES } from "../../../src/health/control_route.ts";

/** The token of the interface that they are sent to, and its address. */
export const TOKEN = "open-sesame";
export const HOST = "http://127.0.0.1:8080";
export const BEARER = { authorization: `Bearer ${TOKEN}` };

export type Headers = Readonly<Record<string, string>>;

const FORM = "application/x-www-form-urlencoded";
const text = (command: string, params: unknown = {}) =>
  JSON.stringify({ schema: "orion.command/1", command, params });
const EVIL = { origin: "http://evil.example" };
const COOKIE = `orion_session=${"a".repeat(43)}`;
const NO_LOGIN = ["HTTP_LOGIN", 400] as const;
const MALFORMED = ["CONTROL_MALFORMED", 400] as const;
const NO_PROBE = ["HTTP_PROBE", 400] as const;
const CAMERA = '{"url":"rtsp://192.0.2.10/stream1"}';
const square = [[0, 0], [1, 0], [1, 1]];
const zone = (polygon: unknown) =>
  text("set_zones", { camera: "gate", zones: [{ id: "a", polygon }] });
const manyPoints = Array.from({ length: 10_000 }, (_, at) => [at / 1e4, at % 2]);
const masks = (polygons: unknown) => text("set_masks", { camera: "gate", masks: polygons });
const latin1 = (bytes: string) => Uint8Array.from(bytes, (char) => char.charCodeAt(0));

export type Bad = readonly [
  what: string,
  path: string,
  headers: Headers,
  body: string | Uint8Array<ArrayBuffer> | null,
  answer: readonly [code: string, status: number],
  method?: string,
];

const COMMANDS: readonly Bad[] = ([
  ["nothing", "", ["CONTROL_NOT_JSON", 400]],
  ["no JSON", "hello", ["CONTROL_NOT_JSON", 400]],
  ["half of a JSON", '{"schema":', ["CONTROL_NOT_JSON", 400]],
  ["NaN", '{"schema":"orion.command/1","command":"set_rate","params":{"rateHz":NaN}}', [
    "CONTROL_NOT_JSON",
    400,
  ]],
  ["a comment", `${text("pause")}//`, ["CONTROL_NOT_JSON", 400]],
  ["two commands", text("pause").repeat(2), ["CONTROL_NOT_JSON", 400]],
  ["no UTF-8", latin1('{"schema":"\xff"}'), ["CONTROL_NOT_UTF8", 400]],
  ["UTF-16", latin1("\xff\xfe{\0}\0"), ["CONTROL_NOT_UTF8", 400]],
  ["null", "null", MALFORMED],
  ["a number", "1", MALFORMED],
  ["a text", '"pause"', MALFORMED],
  ["a list", `[${text("pause")}]`, MALFORMED],
  ["no schema", '{"command":"pause"}', MALFORMED],
  ["another schema", '{"schema":"orion.command/2","command":"pause"}', MALFORMED],
  ["no command", '{"schema":"orion.command/1"}', ["CONTROL_UNKNOWN_COMMAND", 400]],
  ["an unknown command", text("explode"), ["CONTROL_UNKNOWN_COMMAND", 400]],
  ["a command that is a number", '{"schema":"orion.command/1","command":1}', [
    "CONTROL_UNKNOWN_COMMAND",
    400,
  ]],
  ["a key twice", '{"schema":"orion.command/1","command":"pause","command":"shutdown"}', MALFORMED],
  [
    "a key twice, escaped",
    '{"schema":"orion.command/1","command":"pause","\\u0063ommand":"x"}',
    MALFORMED,
  ],
  ["a prototype", '{"schema":"orion.command/1","command":"pause","__proto__":{}}', MALFORMED],
  ["an unknown key", '{"schema":"orion.command/1","command":"pause","force":true}', MALFORMED],
  ["an id that is a number", '{"schema":"orion.command/1","id":1,"command":"pause"}', MALFORMED],
  [
    "a long id",
    JSON.stringify({ schema: "orion.command/1", id: "x".repeat(257), command: "pause" }),
    MALFORMED,
  ],
  [
    "deep JSON",
    `{"schema":"orion.command/1","params":${"[".repeat(9)}${"]".repeat(9)}}`,
    MALFORMED,
  ],
  ["very deep JSON", `${"[".repeat(50_000)}${"]".repeat(50_000)}`, MALFORMED],
  ["params that are a list", text("pause", []), MALFORMED],
  ["a rate of 0", text("set_rate", { detector: "person", rateHz: 0 }), MALFORMED],
  [
    "a rate of 1e400",
    '{"schema":"orion.command/1","command":"set_rate","params":{"detector":"person","rateHz":1e400}}',
    MALFORMED,
  ],
  ["a rate in words", text("set_rate", { detector: "person", rateHz: "fast" }), MALFORMED],
  ["a confidence of -1", text("set_confidence", { detector: "person", confidence: -1 }), MALFORMED],
  [
    "a confidence that is null",
    text("set_confidence", { detector: "person", confidence: null }),
    MALFORMED,
  ],
  [
    "a region beyond the picture",
    text("set_roi", { camera: "gate", roi: { x: 0.5, y: 0, width: 0.6, height: 1 } }),
    MALFORMED,
  ],
  [
    "a region without area",
    text("set_roi", { camera: "gate", roi: { x: 0, y: 0, width: 0, height: 1 } }),
    MALFORMED,
  ],
  [
    "a camera that is a path",
    text("set_roi", { camera: "../gate", roi: { x: 0, y: 0, width: 1, height: 1 } }),
    MALFORMED,
  ],
  ["a zone of three equal points", zone([[0, 0], [0, 0], [0, 0]]), MALFORMED],
  ["a zone of two points", zone([[0, 0], [1, 1]]), MALFORMED],
  [
    "a zone of 10,000 points",
    zone(manyPoints),
    MALFORMED,
  ],
  ["a zone with a point of three", zone([[0, 0, 0], [1, 0], [1, 1]]), MALFORMED],
  ["a zone beyond the picture", zone([[0, 0], [2, 0], [1, 1]]), MALFORMED],
  [
    "a zone with a NaN",
    '{"schema":"orion.command/1","command":"set_zones","params":{"camera":"gate","zones":[{"id":"a","polygon":[[NaN,0],[1,0],[1,1]]}]}}',
    ["CONTROL_NOT_JSON", 400],
  ],
  ["a zone with a point that is null", zone([[null, 0], [1, 0], [1, 1]]), MALFORMED],
  ["a zone with a point in words", zone([["0", "0"], [1, 0], [1, 1]]), MALFORMED],
  ["a zone of points on one line", zone([[0, 0], [0.5, 0.5], [1, 1]]), MALFORMED],
  ["a zone that is no list", zone({ length: 3 }), MALFORMED],
  ["a mask of three equal points", masks([[[0, 0], [0, 0], [0, 0]]]), MALFORMED],
  ["a mask of 10,000 points", masks([manyPoints]), MALFORMED],
  ["a mask of negative points", masks([[[-0.1, 0], [1, 0], [1, 1]]]), MALFORMED],
  ["1,000 masks", masks(Array.from({ length: 1_000 }, () => square)), MALFORMED],
  [
    "1,000 lines",
    text("set_lines", {
      camera: "gate",
      lines: Array.from({ length: 1_000 }, (_, at) => ({ id: `l${at}`, from: [0, 0], to: [1, 1] })),
    }),
    MALFORMED,
  ],
  [
    "a zone named all",
    text("set_zones", { camera: "gate", zones: [{ id: "all", polygon: square }] }),
    MALFORMED,
  ],
  [
    "a zone twice",
    text("set_zones", {
      camera: "gate",
      zones: [{ id: "a", polygon: square }, { id: "a", polygon: square }],
    }),
    MALFORMED,
  ],
  [
    "1,000 zones",
    text("set_zones", {
      camera: "gate",
      zones: Array.from({ length: 1_000 }, (_, at) => ({ id: `z${at}`, polygon: square })),
    }),
    MALFORMED,
  ],
  [
    "a line without length",
    text("set_lines", { camera: "gate", lines: [{ id: "a", from: [0, 0], to: [0, 0] }] }),
    MALFORMED,
  ],
  [
    "pictures by command",
    text("set_presence", { detector: "person", snapshot: "frame" }),
    MALFORMED,
  ],
  ["no setting of presence", text("set_presence", { detector: "person" }), MALFORMED],
  ["a model that is no name", text("set_model", { detector: "person", model: "" }), MALFORMED],
  ["params where there are none", text("shutdown", { now: true }), MALFORMED],
] as const satisfies readonly (readonly [string, string | Uint8Array<ArrayBuffer>, Bad[4]])[]).map(
  ([what, body, answer]) => [`a command of ${what}`, "/control", BEARER, body, answer] as const,
);

const REQUESTS: readonly Bad[] = [
  ["a command of 256 KiB and one byte", "/control", BEARER, "x".repeat(MAX_CONTROL_BYTES + 1), [
    "CONTROL_TOO_LARGE",
    413,
  ]],
  [
    "a command that is said to be huge",
    "/control",
    { ...BEARER, "content-length": "999999999" },
    text("pause"),
    ["HTTP_TOO_LARGE", 413],
  ],
  [
    "a command in chunks",
    "/control",
    { ...BEARER, "transfer-encoding": "chunked" },
    text("pause"),
    ["HTTP_NO_LENGTH", 411],
  ],
  ["a command without a token", "/control", {}, text("pause"), ["HTTP_TOKEN", 401]],
  ["a command with a wrong token", "/control", { authorization: "Bearer x" }, text("pause"), [
    "HTTP_TOKEN",
    401,
  ]],
  ["a command with a made-up cookie", "/control", { cookie: COOKIE, origin: HOST }, text("pause"), [
    "HTTP_TOKEN",
    401,
  ]],
  [
    "a command with a long cookie",
    "/control",
    { cookie: `orion_session=${"a".repeat(4_000)}` },
    text("pause"),
    ["HTTP_TOKEN", 401],
  ],
  ["a command of another site", "/control", { ...BEARER, ...EVIL }, text("pause"), [
    "HTTP_OTHER_SITE",
    403,
  ]],
  [
    "a command of another port",
    "/control",
    { ...BEARER, origin: "http://127.0.0.1:8081" },
    text("pause"),
    ["HTTP_OTHER_SITE", 403],
  ],
  ["a command of no origin", "/control", { ...BEARER, origin: "null" }, text("pause"), [
    "HTTP_OTHER_SITE",
    403,
  ]],
  [
    "a command of an image",
    "/control",
    { ...BEARER, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    text("pause"),
    ["HTTP_OTHER_SITE", 403],
  ],
  ["a command as text", "/control", { ...BEARER, "content-type": "text/plain" }, text("pause"), [
    "HTTP_MEDIA_TYPE",
    415,
  ]],
  ["a command as a form", "/control", { ...BEARER, "content-type": FORM }, text("pause"), [
    "HTTP_MEDIA_TYPE",
    415,
  ]],
  ["a command of no type", "/control", { ...BEARER, "content-type": "" }, text("pause"), [
    "HTTP_MEDIA_TYPE",
    415,
  ]],
  ["a command by GET", "/control", BEARER, null, ["HTTP_METHOD", 405], "GET"],
  ["a command by PUT", "/control", BEARER, text("pause"), ["HTTP_METHOD", 405], "PUT"],
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
  ["a probe as text", "/probe", { ...BEARER, "content-type": "text/plain" }, CAMERA, [
    "HTTP_MEDIA_TYPE",
    415,
  ]],
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
  ["stays beyond the bound", "/presence?limit=201", BEARER, null, ["HTTP_LIMIT", 400], "GET"],
  ["no stays", "/presence?limit=0", BEARER, null, ["HTTP_LIMIT", 400], "GET"],
  ["stays in words", "/presence?limit=NaN", BEARER, null, ["HTTP_LIMIT", 400], "GET"],
  ["a resource that is none", "/config", BEARER, null, ["HTTP_NO_RESOURCE", 404], "GET"],
  ["a status by POST", "/status", BEARER, "{}", ["HTTP_NO_RESOURCE", 404]],
  ["events with a made-up cookie", "/events", { cookie: COOKIE }, null, ["HTTP_TOKEN", 401], "GET"],
];

/** All of them. */
export const BAD_REQUESTS: readonly Bad[] = [...COMMANDS, ...REQUESTS];
