/** The control topic under mutation: commands as values, as texts and as bytes. */
import assert from "node:assert/strict";
import { logTo } from "../../src/core/log.ts";
import { MAX_COMMAND_BYTES, parseCommand } from "../../src/mqtt/commands.ts";
import { CommandReceiver } from "../../src/mqtt/command_receiver.ts";
import type { AckPayload } from "../../src/mqtt/payloads.ts";
import { Schemas } from "../support/brokers/messages.ts";
import { HeldClock } from "../support/clocks/held_clock.ts";
import { COMMAND_TEXTS, COMMAND_WORDS, commandValues } from "./corpus/commands.ts";
import { corpusOf, mutated, pick, type Random } from "./mutate.ts";
import { mutatedValue } from "./mutate_json.ts";
import { fuzz, FUZZ_RUNS, shownBytes } from "./runs.ts";

const encoder = new TextEncoder();
const VALUES = commandValues({ camera: "gate", detector: "person" });
const [FIRST, ...OTHERS] = VALUES;
const TEXTS = corpusOf([
  JSON.stringify(FIRST),
  ...OTHERS.map((value) => JSON.stringify(value)),
  ...COMMAND_TEXTS,
]);
/** Characters of a refusal: at most a quoted word of the input. */
const MAX_MESSAGE_CHARS = 1000;

/** A mutated command: mostly JSON still, or any bytes. */
function payload(random: Random): Uint8Array {
  switch (random(10)) {
    case 0:
      return Uint8Array.from({ length: random(200) }, () => random(256));
    case 1:
      return new Uint8Array(MAX_COMMAND_BYTES - 1 + random(3)).fill(0x20);
    case 2:
    case 3:
    case 4:
      return mutated(random, TEXTS, COMMAND_WORDS);
    default:
      return encoder.encode(JSON.stringify(mutatedValue(random, pick(random, VALUES))) ?? "");
  }
}

Deno.test("commands fuzz: whatever was sent parses as the published schema says, or has a typed refusal", async () => {
  const schemas = new Schemas();
  const counts = new Map<string, number>();
  await fuzz({
    name: "commands",
    seed: 13_001,
    runs: FUZZ_RUNS,
    input: payload,
    shown: shownBytes,
    check(bytes) {
      const parsed = parseCommand(bytes);
      const code = parsed.ok ? "ok" : parsed.error.code;
      counts.set(code, (counts.get(code) ?? 0) + 1);
      assert.ok((parsed.id?.length ?? 0) <= bytes.length);
      if (parsed.ok) {
        schemas.validate("orion.command.1", JSON.parse(new TextDecoder().decode(bytes)));
        return;
      }
      assert.match(parsed.error.code, /^CONTROL_[A-Z0-9_]+$/);
      assert.ok(parsed.error.message.length < MAX_MESSAGE_CHARS && parsed.error.remedy !== "");
    },
  });
  const codes = ["NOT_JSON", "NOT_UTF8", "MALFORMED", "UNKNOWN_COMMAND", "TOO_LARGE"];
  for (const code of ["ok", ...codes.map((each) => `CONTROL_${each}`)]) {
    assert.ok((counts.get(code) ?? 0) > 0, `no input came to ${code}`);
  }
});

Deno.test("commands fuzz: each message has exactly one acknowledgement, which its schema allows", async () => {
  const schemas = new Schemas();
  const clock = new HeldClock();
  const acks: AckPayload[] = [];
  let forwarded = 0;
  const receiver = new CommandReceiver({
    clock,
    log: logTo(() => {}),
    acknowledge: (ack) => acks.push(ack),
    forward({ request, command: { command } }) {
      forwarded++;
      receiver.answer({ request, command, outcome: { data: null }, replayed: false });
    },
  });
  await fuzz({
    name: "command receiver",
    seed: 13_002,
    runs: FUZZ_RUNS,
    input: payload,
    shown: shownBytes,
    async check(bytes, random) {
      receiver.receive(bytes, { retained: random(20) === 0 });
      await clock.pass(random(200));
      assert.equal(acks.length, 1);
      schemas.validate("orion.ack.1", JSON.parse(JSON.stringify(acks.pop())));
    },
  });
  assert.ok(forwarded > FUZZ_RUNS / 50, `${forwarded} commands were forwarded`);
});
