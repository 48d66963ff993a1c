/** A client that may publish commands, and reads the answers to those that have an id of its own. */
import {
  publishPacket,
  RawMqtt,
  subscribePacket,
} from "../../../tests/support/brokers/raw_mqtt.ts";
import { published } from "../../../tests/support/brokers/raw_mqtt.ts";
import { jsonLine } from "../../../tests/support/system/lines.ts";
import { type AttackContext, attempt, pause } from "./pace.ts";
import { NAMES } from "./plan.ts";

export const CONTROL = `${NAMES.root}/control`;
const PUBLISH = 3;
/** Commands are refused while the burst before them is over the limit of the rate. */
const TRIES = 40;
const RETRY_MS = 500;

const encoder = new TextEncoder();

/** Opens a connection as a client of the broker, which may close those of other attacks first. */
export async function openClient({ plan }: AttackContext, clientId: string): Promise<RawMqtt> {
  for (let tries = 1;; tries++) {
    const client = await RawMqtt.open(plan.mqttPort);
    const code = await client.login({ clientId });
    if (code === 0) return client;
    client[Symbol.dispose]();
    if (tries === TRIES) throw new Error(`the broker refused ${clientId}: ${code}`);
    await pause(RETRY_MS);
  }
}

/** Publishes with QoS 0. */
export function publish(
  client: RawMqtt,
  topic: string,
  payload: string | Uint8Array,
  retain = false,
): Promise<void> {
  const bytes = typeof payload === "string" ? encoder.encode(payload) : payload;
  return client.send(publishPacket({ topic, payload: bytes, retain }));
}

/** Sends commands until each was carried out. @throws when one is not */
export async function carryOut(
  context: AttackContext,
  commands: readonly (readonly [command: string, params: unknown])[],
): Promise<void> {
  // Attacks that end at once restore at once.
  using client = await openClient(context, `restorer-${crypto.randomUUID()}`);
  await client.send(subscribePacket(`${CONTROL}/ack`, 0));
  const answers = new Map<unknown, string>();
  const reading = readAnswers(client, answers);
  for (const [index, [command, params]] of commands.entries()) {
    let answer: string | undefined;
    for (let tries = 0; tries < TRIES && answer !== "ok"; tries++) {
      const id = `restore-${Date.now()}-${index}-${tries}`;
      const text = JSON.stringify({ schema: "orion.command/1", id, command, params });
      await publish(client, CONTROL, text);
      await pause(RETRY_MS / 10);
      if (!answers.has(id)) await pause(RETRY_MS);
      answer = answers.get(id);
      if (answer !== undefined && answer !== "ok") await pause(RETRY_MS);
    }
    if (answer !== "ok") throw new Error(`${command} was not carried out: ${answer}`);
  }
  client[Symbol.dispose]();
  await reading;
}

async function readAnswers(client: RawMqtt, answers: Map<unknown, string>): Promise<void> {
  await attempt(async () => {
    for (let next = await client.receive(); next !== null; next = await client.receive()) {
      if (next.type !== PUBLISH) continue;
      const json = jsonLine(new TextDecoder().decode(published(next).payload));
      const error = json?.["error"];
      const code = typeof error === "object" && error !== null && "code" in error
        ? error.code
        : "ok";
      answers.set(json?.["id"], String(code));
    }
  });
}
