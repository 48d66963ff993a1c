/** MQTT packets of every type, of 3.1.1 and of 5, as bytes: from an independent encoder and by hand. */
import { Buffer } from "node:buffer";
import { generate, type Packet } from "mqtt-packet";
import { type Corpus, mutated, pick, type Random } from "../mutate.ts";

/** Version 4 is MQTT 3.1.1. */
type Version = 4 | 5;

function encoded(packet: Packet, version: Version): Uint8Array {
  return new Uint8Array(generate(packet, { protocolVersion: version }));
}

const USER_PROPERTIES = { userProperties: { name: "value", other: ["a", "b"] } };

/** CONNECT of an ordinary client. */
function connect(clientId: string, version: Version): Uint8Array {
  return encoded({
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: version,
    clean: true,
    keepalive: 60,
    clientId,
  }, version);
}

function connects(version: Version): Packet[] {
  const base = { cmd: "connect", protocolId: "MQTT", protocolVersion: version } as const;
  return [
    { ...base, clientId: "fuzz-a", clean: true, keepalive: 1 },
    {
      ...base,
      clientId: "fuzz-b",
      clean: false,
      keepalive: 65_535,
      username: "someone",
      password: Buffer.from("something"),
      will: { topic: "fuzz/will", payload: Buffer.from("gone"), qos: 2, retain: true },
      ...(version === 5
        ? { properties: { sessionExpiryInterval: 9, receiveMaximum: 3, ...USER_PROPERTIES } }
        : {}),
    },
    // Orion's own client, without its password.
    { ...base, clientId: "orion-lobby-1", clean: true, keepalive: 5 },
    { ...base, clientId: "", clean: true, keepalive: 0 },
  ];
}

/** What a client sends after its CONNECT. */
function requests(version: Version): Packet[] {
  const properties = version === 5 ? { properties: USER_PROPERTIES } : {};
  const publish = { cmd: "publish", dup: false, retain: false, topic: "fuzz/a" } as const;
  const head = { messageId: 7, ...properties };
  return [
    { ...publish, qos: 0, payload: "text" },
    { ...publish, ...head, qos: 1, payload: "text", retain: true },
    { ...publish, ...head, qos: 2, payload: "x".repeat(3000), dup: true },
    {
      ...publish,
      qos: 0,
      topic: "orion/lobby-1/status",
      payload: '{"state":"offline"}',
      retain: true,
    },
    { ...publish, qos: 0, topic: "orion/lobby-1/control", payload: '{"schema":"orion.command/1"}' },
    { ...publish, qos: 0, topic: "$SYS/x", payload: "" },
    { cmd: "puback", ...head },
    { cmd: "pubrec", ...head },
    { cmd: "pubrel", ...head },
    { cmd: "pubcomp", ...head },
    {
      cmd: "subscribe",
      ...head,
      subscriptions: [{ topic: "fuzz/#", qos: 2 }, { topic: "+/+", qos: 0 }, {
        topic: "#",
        qos: 1,
      }],
    },
    { cmd: "subscribe", messageId: 8, subscriptions: [{ topic: "$SYS/#", qos: 0 }] },
    { cmd: "unsubscribe", ...head, unsubscriptions: ["fuzz/#", "#"] },
    { cmd: "pingreq" },
    { cmd: "disconnect", ...properties },
    ...(version === 5 ? [{ cmd: "auth", reasonCode: 0x18 } as const] : []),
  ];
}

/** What a broker sends, CONNACK apart. */
function answers(version: Version): Packet[] {
  const properties = version === 5 ? { properties: USER_PROPERTIES } : {};
  const publish = { cmd: "publish", dup: false, retain: false, qos: 0, payload: "text" } as const;
  return [
    { cmd: "suback", messageId: 1, granted: [1] },
    { cmd: "suback", messageId: 1, granted: [128, 0, 2], ...properties },
    { cmd: "puback", messageId: 1 },
    ...(version === 5 ? [{ cmd: "puback", messageId: 2, reasonCode: 0x97 } as const] : []),
    { cmd: "pubrec", messageId: 1 },
    { cmd: "pubrel", messageId: 1 },
    { cmd: "pubcomp", messageId: 1 },
    { cmd: "unsuback", messageId: 1, granted: [0] },
    { ...publish, topic: "orion/lobby-1/control", payload: '{"schema":"orion.command/1"}' },
    { ...publish, topic: "orion/lobby-1/control", qos: 2, messageId: 3, retain: true },
    { ...publish, topic: "other", qos: 1, messageId: 4 },
    { cmd: "pingresp" },
    ...(version === 5
      ? [
        { cmd: "disconnect", reasonCode: 0x8e } as const,
        { cmd: "disconnect", reasonCode: 0x97, properties: { reasonString: "no" } } as const,
        { cmd: "auth", reasonCode: 0x18 } as const,
        {
          ...publish,
          topic: "",
          properties: { topicAlias: 1, contentType: "text/plain", ...USER_PROPERTIES },
        },
      ]
      : []),
  ];
}

/** CONNACKs: accepted, with and without properties, and refused. */
function connacks(version: Version): Packet[] {
  const accepted = { cmd: "connack", returnCode: 0, reasonCode: 0, sessionPresent: false } as const;
  return [
    accepted,
    { ...accepted, sessionPresent: true },
    { ...accepted, returnCode: 5, reasonCode: 0x87 },
    { ...accepted, returnCode: 1, reasonCode: 0x84 },
    ...(version === 5
      ? [
        { ...accepted, properties: { receiveMaximum: 1, maximumPacketSize: 20, maximumQoS: 0 } },
        { ...accepted, properties: { topicAliasMaximum: 65_535, serverKeepAlive: 1 } },
        { ...accepted, properties: { retainAvailable: false, assignedClientIdentifier: "other" } },
      ]
      : []),
  ];
}

/** Packets that no encoder makes: reserved types and flags, lengths that are wrong, or never end. */
const BY_HAND: readonly (readonly number[])[] = [
  [0x00, 0x00],
  [0xf0, 0x00],
  [0xff, 0xff, 0xff, 0xff, 0xff],
  [0x30, 0xff, 0xff, 0xff, 0x7f],
  [0x30, 0x80, 0x80, 0x80, 0x00],
  [0x36, 0x05, 0x00, 0x01, 0x61, 0x00, 0x01],
  [0x32, 0x05, 0x00, 0x01, 0x61, 0x00, 0x00],
  [0x30, 0x04, 0x00, 0x02, 0xc3, 0x28],
  [0x30, 0x03, 0x00, 0x01, 0x00],
  [0x30, 0x05, 0xff, 0xff, 0x61, 0x2f, 0x61],
  [0x82, 0x02, 0x00, 0x01],
  [0x82, 0x06, 0x00, 0x01, 0x00, 0x01, 0x23, 0x03],
  [0x10, 0x00],
  [0x20, 0x00],
  [0x20, 0x02, 0xff, 0xff],
  [0x90, 0x02, 0x00, 0x00],
  [0x40, 0x02, 0x00, 0x00],
];

/** The first element apart, so that the list is known to have one. */
function list(parts: readonly Uint8Array[]): Corpus {
  const [first = new Uint8Array(), ...others] = parts;
  return [first, ...others];
}

const hand = BY_HAND.map((bytes) => Uint8Array.from(bytes));
const both = (packets: (version: Version) => Packet[]) =>
  ([4, 5] as const).flatMap((version) => packets(version).map((each) => encoded(each, version)));

/** Packets of clients. */
const CLIENT_PACKETS: Corpus = list([...both(connects), ...both(requests), ...hand]);
/** CONNECTs alone. */
const CONNECTS: Corpus = list(both(connects));
/** Packets of brokers, by version. */
export const BROKER_PACKETS: Readonly<Record<Version, { connacks: Corpus; answers: Corpus }>> = {
  4: { connacks: listOf(connacks, 4), answers: list([...listOf(answers, 4), ...hand]) },
  5: { connacks: listOf(connacks, 5), answers: list([...listOf(answers, 5), ...hand]) },
};

function listOf(packets: (version: Version) => Packet[], version: Version): Corpus {
  return list(packets(version).map((each) => encoded(each, version)));
}

/** Pieces that are inserted into packets. */
export const MQTT_WORDS = [
  ...[
    "\0\u0004MQTT\u0004",
    "\0\u0004MQTT\u0005",
    "\0\u0006MQIsdp\u0003",
    "\u0010",
    "\xff\xff\xff\x7f",
  ],
  ...[
    "#",
    "+",
    "/",
    "$",
    "\0",
    "orion/lobby-1/status",
    "fuzz/a",
    "\0\u0001",
    "\u0082\u0005\0\u0001\0",
  ],
] as const;

/** A stream of a client: mostly a whole CONNECT, then packets of which some are mutated. */
export function clientStream(random: Random): Uint8Array {
  const version = random(2) === 0 ? 4 : 5;
  const parts: Uint8Array[] = [];
  const start = random(6);
  if (start > 1) parts.push(connect(`fuzz-${random(100)}`, version));
  else if (start === 1) parts.push(mutated(random, CONNECTS, MQTT_WORDS));
  for (let count = random(6); count > 0; count--) {
    const isWhole = random(3) === 0;
    parts.push(
      isWhole ? pick(random, CLIENT_PACKETS) : mutated(random, CLIENT_PACKETS, MQTT_WORDS),
    );
  }
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
