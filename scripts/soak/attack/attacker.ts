/** The attacker, a process of its own: a plan on standard input, then what to do, one line each. */
import { seededRandom } from "../../../tests/fuzz/mutate.ts";
import { Relay } from "../../../tests/support/brokers/relay.ts";
import { Lines } from "../../../tests/support/system/lines.ts";
import { attackCommands } from "./commands.ts";
import { attackHttp } from "./http.ts";
import { attackMqtt } from "./mqtt.ts";
import { type Attack, type AttackContext, Tally } from "./pace.ts";
import type { AttackClass, AttackerAnswer, AttackerPlan, ToAttacker } from "./plan.ts";
import { attackPresence } from "./presence.ts";
import { attackRetained, seed } from "./retained.ts";
import { attackStreams, clips, HostileSlot } from "./streams.ts";

const ENDLESS_MS = 2 ** 31 - 1;

/** The attacks of a window, until they are stopped. */
class Window {
  readonly #stop = new AbortController();
  readonly #attacks: Promise<unknown>;

  constructor(attacks: readonly Attack[], context: AttackContext) {
    this.#attacks = Promise.all(attacks.map((attack) => attack(context, this.#stop.signal)));
    this.#attacks.catch(() => {
      // `end` throws it.
    });
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#attacks;
  }
}

function say(kind: AttackerAnswer["kind"], sent: Tally): void {
  const answer: AttackerAnswer = { kind, ...sent.take() };
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(answer)}\n`));
}

async function main(): Promise<void> {
  const lines = new Lines("standard input", Deno.stdin.readable);
  let read = 0;
  const next = async () => {
    const line = await lines.waitFor(() => true, { since: read++, timeoutMs: ENDLESS_MS });
    return JSON.parse(line);
  };
  const plan: AttackerPlan = await next();
  const sent = new Tally();
  const { relayPort, mqttPort } = plan;
  const relay = relayPort === null
    ? null
    : Relay.start({ hostname: "127.0.0.1", port: relayPort, to: mqttPort });
  const context = { plan, sent, random: seededRandom(plan.seed), relay };
  const encodedClips = await clips();
  const slots = plan.cameraPorts.map((port, index) =>
    new HostileSlot(port, { clips: encodedClips, sent, seed: plan.seed + index + 1 })
  );
  const attacks: Readonly<Record<AttackClass, Attack>> = {
    streams: attackStreams(slots),
    commands: attackCommands,
    mqtt: attackMqtt,
    http: attackHttp,
    presence: attackPresence,
    retained: attackRetained,
  };
  if (relay !== null) await seed(context);
  say("ready", sent);
  let window: Window | null = null;
  for (;;) {
    const message: ToAttacker = await next();
    await window?.end();
    const classes = message.kind === "attack" ? message.classes : [];
    window = new Window(classes.map((name) => attacks[name]), context);
    say(message.kind === "attack" ? "attacking" : "quiet", sent);
  }
}

if (import.meta.main) await main();
