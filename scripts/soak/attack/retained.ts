/**
 * Retained messages in Orion's own topics, on a broker where everyone may write them: most of all its list of
 * stays, which it reads back with every connection. The connection is cut again and again.
 */
import { sentPayload, staysPayload } from "../../../src/mqtt/presence_payloads.ts";
import {
  published,
  type RawMqtt,
  subscribePacket,
} from "../../../tests/support/brokers/raw_mqtt.ts";
import { pick, type Random } from "../../../tests/fuzz/mutate.ts";
import { mutatedValue } from "../../../tests/fuzz/mutate_json.ts";
import { stayOf } from "../../../tests/support/presence/stays.ts";
import { jsonLine } from "../../../tests/support/system/lines.ts";
import { openClient, publish } from "./control.ts";
import { atPace, type Attack, type AttackContext, attempt } from "./pace.ts";
import { NAMES } from "./plan.ts";

const PER_SECOND = 10;
const CUTS_PER_SECOND = 0.25;
const PUBLISH = 3;
/** More than a list may have. */
const MANY_STAYS = 600;
const NUMBERS = [0, 1, 2, 5, 2 ** 31, Number.MAX_SAFE_INTEGER, 1e21] as const;
const TIMES = [
  ...["+275760-09-13T00:00:00.000Z", "-271821-04-20T00:00:00.000Z", "9999-12-31T23:59:59.999Z"],
  ...["0000-01-01T00:00:00Z", "2026-11-29T06:00:00.000Z", "2026-02-30T25:61:00Z", "now"],
] as const;

/** What Orion itself wrote: the corpus of lists that it takes for its own. */
interface Own {
  readonly session: number;
  readonly thread: number;
}

/** A list of stays as Orion would write it, mutated; of another run, or of this one where it is known. */
export function hostileList(random: Random, own: Own | null): string {
  const writer = {
    instance: pick(random, [NAMES.instance, NAMES.instance, NAMES.instance, "other"]),
    session: own !== null && random(2) === 0 ? own.session : pick(random, NUMBERS),
    thread: own !== null && random(2) === 0 ? own.thread : pick(random, NUMBERS),
    upTo: pick(random, NUMBERS),
  };
  const count = pick(random, [0, 1, 3, 20, random(12) === 0 ? MANY_STAYS : 40]);
  const listed = staysPayload(
    writer,
    Array.from({ length: count }, (_, index) => ({
      stay: stayOf(`01${index}${random(1e6)}`, {
        camera: pick(random, [NAMES.camera, NAMES.camera, "gone"]),
        detector: pick(random, [NAMES.detector, NAMES.detector, "gone"]),
        class: pick(random, ["person", "person", "", "a/b", "#", "\0", "x".repeat(300)]),
      }),
      started: pick(random, NUMBERS),
      ended: random(2) === 0 ? null : pick(random, NUMBERS),
    })),
  );
  const stays = random(2) === 0
    ? listed.stays
    : listed.stays.map((stay) => ({ ...stay, seenAt: pick(random, TIMES) }));
  const isMutated = random(3) === 0;
  const list = { ...listed, stays };
  return JSON.stringify(isMutated ? mutatedValue(random, list) : list) ?? "";
}

/** Publishes retained messages for Orion to find at its start. */
export async function seed(context: AttackContext): Promise<void> {
  using client = await openClient(context, "seeder");
  await publish(client, `${NAMES.root}/stays`, hostileList(context.random, null), true);
  await publish(client, `${NAMES.root}/occupancy/gone/all`, '{"occupied":true}', true);
  await publish(client, `${NAMES.root}/pictures/gone/person`, "no picture", true);
  context.sent.add("lists of stays");
}

/** A retained message in one of Orion's topics. */
function hostileMessage(random: Random, own: Own | null): readonly [topic: string, text: string] {
  const writer = { instance: NAMES.instance, session: own?.session ?? 1, thread: own?.thread ?? 1 };
  switch (random(6)) {
    case 0: {
      const sent = sentPayload({ ...writer, upTo: pick(random, NUMBERS) });
      return [`${NAMES.root}/stays/sent`, JSON.stringify(mutatedValue(random, sent)) ?? ""];
    }
    case 1: {
      const status = {
        schema: "orion.status/1",
        state: pick(random, ["offline", "online"]),
        ...writer,
      };
      return [`${NAMES.root}/status`, JSON.stringify(mutatedValue(random, status)) ?? ""];
    }
    case 2: {
      const topic = pick(random, [
        "health",
        "occupancy/gone/all",
        "pictures/gone/x",
        "presence/gate",
      ]);
      return [`${NAMES.root}/${topic}`, JSON.stringify(mutatedValue(random, writer)) ?? ""];
    }
    default:
      return [`${NAMES.root}/stays`, hostileList(random, own)];
  }
}

/** Reads what Orion itself writes to the topics of its stays. */
async function readOwn(reader: RawMqtt, onFound: (own: Own) => void): Promise<void> {
  await attempt(async () => {
    for (let next = await reader.receive(); next !== null; next = await reader.receive()) {
      if (next.type !== PUBLISH) continue;
      const json = jsonLine(new TextDecoder().decode(published(next).payload));
      const { session, thread } = json ?? {};
      const isOwn = Number.isInteger(session) && Number.isInteger(thread);
      if (isOwn && Number(session) > 5) {
        onFound({ session: Number(session), thread: Number(thread) });
      }
    }
  });
}

export const attackRetained: Attack = async (context, signal) => {
  const { random, relay, sent } = context;
  using reader = await openClient(context, "reader");
  await reader.send(subscribePacket(`${NAMES.root}/stays/#`, 0));
  let own: Own | null = null;
  const reading = readOwn(reader, (found) => own = found);
  using writer = await openClient(context, "writer");
  const writing = atPace(PER_SECOND, signal, async () => {
    const [topic, text] = hostileMessage(random, own);
    await publish(writer, topic, text, true);
    sent.add("retained messages");
  });
  const cutting = atPace(CUTS_PER_SECOND, signal, async () => {
    if (relay === null) return;
    // At the next byte that Orion sends.
    await relay.cutAfter(1);
    sent.add("cut connections");
  });
  await Promise.all([writing, cutting]);
  reader[Symbol.dispose]();
  await reading;
};
