/** Configurations with every key, and YAML that costs or confuses a parser. */

/** The words of every secret below; nothing that is shown may hold one. */
export const SECRET_WORDS = ["kestrel", "tundra", "obsidian", "quagga", "harrier"] as const;

/** Variables of the environment, and files; both hold secrets. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  CAMERA_PASSWORD: "Kestrel%409%3ATundra%2F7%25Obsidian",
  TOKEN: "quagga-token",
};
export const SECRET_FILES: Readonly<Record<string, string>> = {
  "/etc/orion/password": "harrier\n",
};

/** A configuration with every key; credentials are in the configuration, in variables and in a file. */
export const FULL_CONFIG = {
  instance: "lobby-1",
  cameras: [
    {
      id: "gate",
      url: "rtsp://viewer:${CAMERA_PASSWORD}@10.0.0.1:554/stream?channel=1",
      transport: "auto",
      demuxer: "orion",
      track: 0,
      allowRedirect: ["10.0.0.2:554"],
      udpPort: 61_000,
      maxUnitBytes: 1_000_000,
      maxPixels: 8_294_400,
      reconnectMaxSeconds: 30,
      decoder: "auto",
      decode: "nonref",
      rotate: 90,
      aspect: "16:9",
      roi: { x: 0.1, y: 0.2, width: 0.8, height: 0.7 },
      masks: [[[0, 0], [0.5, 0], [0.5, 0.5]]],
      zones: [
        { id: "door", polygon: [[0.4, 0.5], [0.6, 0.5], [0.6, 1]], classes: ["person"] },
        { id: "path", polygon: [[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]] },
      ],
      lines: [{ id: "gate", from: [0.1, 0.6], to: [0.9, 0.6] }],
      stallTimeoutSeconds: 10,
    },
    {
      id: "yard",
      url: "rtsps://viewer:kestrel@10.0.0.3/live",
      fingerprint: `sha256:${"ab".repeat(32)}`,
      insecure: false,
    },
    { id: "clip", url: "demo:", loop: true },
  ],
  detectors: [
    {
      id: "person",
      model: "builtin:person",
      providers: ["cpu"],
      cameras: ["gate", "clip"],
      rateHz: 5,
      confidence: 0.4,
      iou: 0.5,
      classes: ["person", 0],
      presence: {
        start: { frames: 2, of: 3 },
        endSeconds: 5,
        updateSeconds: 0,
        snapshot: "crop",
      },
      threads: 2,
      workers: 2,
    },
  ],
  mqtt: {
    url: "mqtts://broker.example:8883",
    username: "orion",
    password: { file: "/etc/orion/password" },
    protocol: 5,
    topicPrefix: "site/orion",
    qos: { inferences: 0, control: 1, health: 1 },
    outbox: { policy: "latest", max: 100 },
    homeAssistant: { discoveryPrefix: "homeassistant" },
  },
  health: { listen: "127.0.0.1:8080", token: "${TOKEN}", statsIntervalSeconds: 10 },
  watchdog: { intervalSeconds: 30, minTimeoutSeconds: 30, maxRestarts: 5 },
  shutdownTimeoutSeconds: 5,
  control: { allow: ["get_status", "snapshot"] },
  models: { folder: "models" },
};

/** Files as people write them, with comments, anchors, block and flow style. */
export const CONFIG_TEXTS: readonly [string, ...string[]] = [
  `# the lobby
instance: lobby-1
cameras:
  - id: gate
    url: rtsp://viewer:\${CAMERA_PASSWORD}@10.0.0.1/stream
    masks:
      - [[0, 0], [0.5, 0], [0.5, 0.5]]
  - &yard
    id: yard
    url: 'rtsp://10.0.0.2/live'
    rotate: 180
    zones:
      - id: door
        polygon: &door [[0, 0], [0.5, 0], [0.5, 0.5]]
        classes: [person]
      - { id: path, polygon: *door }
    lines:
      - { id: gate, from: [0, 0.5], to: [1, 0.5] }
detectors:
  - id: person
    rateHz: 5
    classes: [person]
    presence:
      start: { frames: 2, of: 3 }
      endSeconds: 5
      snapshot: none
  - { id: all, presence: false }
mqtt:
  url: mqtts://broker.example
  username: orion
  password: { file: /etc/orion/password }
health:
  listen: 127.0.0.1:8080
  token: \${TOKEN}
`,
  "cameras: [{ id: gate, url: 'demo:' }]\nhealth: { listen: off }\n",
  `%YAML 1.2
---
cameras:
- id: a
  url: >-
    demo:
  roi: &all { x: 0, y: 0, width: 1, height: 1 }
- id: b
  url: "demo:"
  roi: *all
...
`,
  "? cameras\n: - ? id\n    : a\n    ? url\n    : 'demo:'\n",
];

/** Pieces that are inserted into files. */
export const CONFIG_WORDS = [
  ...[
    "\n",
    "\r\n",
    "\t",
    "  ",
    "- ",
    ": ",
    "? ",
    "#",
    "'",
    '"',
    "{",
    "}",
    "[",
    "]",
    ",",
    "|",
    ">-",
  ],
  ...[
    "&a ",
    "*a",
    "<<: ",
    "!!binary ",
    "!!js/function ",
    "!local ",
    "!!set ",
    "---\n",
    "...\n",
    "%",
  ],
  ...[
    "${",
    "$${",
    "${TOKEN}",
    "${CAMERA_PASSWORD}",
    "${HOME}",
    "~",
    "null",
    "0x7f",
    "1e999",
    ".inf",
  ],
  ...["__proto__: ", "constructor: ", "cameras: ", "url: ", "password: ", "\0", "\ufeff", "\u2028"],
] as const;

/** Passwords whose first character means something to YAML; each contains one of the secret words. */
export const STRANGE_PASSWORDS: readonly string[] = [
  ..."*&!|>%@`\"'#{[,-?:~=^".split("").flatMap((first) => [
    `${first}kestrel`,
    `${first}kestrel: tundra`,
    `${first}kestrel\\qtundra`,
    `x${first}kestrel ${first}tundra`,
    `${first}${first}kestrel${first}`,
    `${first} kestrel`,
    `!<${first}kestrel>`,
  ]),
  "!!kestrel",
  "!kestrel!tundra x",
  "!!binary kestrel$$$",
  "!!int kestrel",
  "!!timestamp kestrel",
  "!!float kestrel",
  '"\\xkestrel"',
  '"kestrel\\Ukestrel"',
];

/** Documents near the limit of the size, each costly to a parser in a way of its own. */
export function costlyConfigs(maxBytes: number): Readonly<Record<string, string>> {
  const full = (piece: string) => piece.repeat(Math.floor(maxBytes / piece.length));
  const lines = (line: (index: number) => string) => {
    let text = "";
    for (let index = 0; text.length < maxBytes - 100; index++) text += line(index);
    return text;
  };
  const laughs = Array.from({ length: 30 }, (_, level) => {
    const inner = level === 0 ? "ha" : `*a${level - 1}`;
    return `a${level}: &a${level} [${Array(10).fill(inner).join(", ")}]\n`;
  }).join("");
  return {
    "a billion laughs": laughs,
    "aliases to themselves": `a: &a [${"*a, ".repeat(10_000)}]\n`,
    "one anchor, many aliases": `a: &a b\n${lines((index) => `k${index}: *a\n`)}`,
    "open lists": full("["),
    "open maps": full("{a: "),
    "nested block lists": full("- "),
    "nested explicit keys": full("? "),
    "nested blocks": Array.from(
      { length: Math.floor(Math.sqrt(2 * maxBytes)) - 3 },
      (_, level) => `${" ".repeat(level)}a:\n`,
    ).join(""),
    "unknown keys": lines((index) => `camera${index}: 1\n`),
    "one key many times": lines(() => "cameras: 1\n"),
    "cameras": `cameras:\n${lines((index) => `- { id: c${index}, url: 'rtsp://h/' }\n`)}`,
    "zones": `cameras: [{ id: a, url: "demo:", zones: [\n${
      lines((index) => ` { id: z${index}, polygon: [[0,0],[1,0],[1,1]], classes: [b] },\n`)
    } ] }]\n`,
    "a zone with many corners": `cameras: [{ id: a, url: "demo:", zones: [{ id: b, polygon: [${
      lines((index) => `[0.${index},0.5],`)
    }] }] }]\n`,
    "classes of zones": `cameras: [{ id: a, url: "demo:", zones: [{ id: b, classes: [${
      lines((index) => `c${index},`)
    }] }] }]\n`,
    "many unknown cameras": `cameras: &ids [${
      lines((index) => `{ id: ${`c${index}`.padEnd(60, "a")}, url: "demo:" },`).slice(
        maxBytes / 2,
      ).replace(/^.*?\{/, "{")
    }]\ndetectors: [{ cameras: [${
      lines((index) => `${`d${index}`.padEnd(60, "b")},`).slice(maxBytes / 2).replace(/^.*?,/, "")
    }] }]\n`,
    "one long key": `${"a".repeat(maxBytes - 10)}: 1\n`,
    "references": `instance: "${"${A}".repeat(Math.floor(maxBytes / 4) - 10)}"\n`,
    "open references": `instance: "${"${".repeat(Math.floor(maxBytes / 2) - 10)}"\n`,
    "a long address": `cameras: [{ id: a, url: "rtsp://${"a@".repeat(maxBytes / 2 - 40)}" }]\n`,
    "spaces": full(" "),
    "empty lines": full("\n"),
    "comments": full("#\n"),
    "tabs": full("\t"),
    "quotes": full('"'),
    "documents": full("---\n"),
    "tags": full("!a "),
    "colons": full(": "),
  };
}
