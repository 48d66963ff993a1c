/**
 * Extremes of masks, zones, lines and presence, also of the good camera; floods of the switches of detection;
 * and a retained list of stays, for which a broker with rules disconnects.
 */
import { pick, type Random } from "../../../tests/fuzz/mutate.ts";
import { mutatedValue } from "../../../tests/fuzz/mutate_json.ts";
import { carryOut, CONTROL, openClient, publish } from "./control.ts";
import { atPace, type Attack, type AttackContext } from "./pace.ts";
import { hostileId, NAMES } from "./plan.ts";
import { hostileList } from "./retained.ts";

/** Below the rate limit, so that most of them are carried out. */
const COMMANDS_PER_SECOND = 6;
const SWITCH_TURNS_PER_SECOND = 2;
const SWITCHES = 40;
const LISTS_PER_SECOND = 2;
/** One more than are allowed. */
const MOST = { items: 33, points: 65 } as const;
const NUMBERS = [0, -0, 1, 0.5, 1e-300, 1 - 1e-16, 1.0000001, -1e-9] as const;
const SECONDS = [0, 0.05, 0.1, 0.5, 3600, 3600.1, 1e308, -1] as const;
const WORDS = ["ON", "OFF", "on", "", "OFFF", "ON\0", "\ufeffON", "x".repeat(100_000)] as const;
/** What the switch of the good camera gets: nothing that is a switch. */
const OTHER_WORDS = ["on", "", "OFFF", "ON\0", "x".repeat(100_000)] as const;

type Point = readonly [number, number];

/** A star without crossings: as many corners as there are points, half of them near the middle. */
function star(random: Random, points: number): Point[] {
  const turn = random(1000) / 1000;
  return Array.from({ length: points }, (_, index) => {
    const angle = (index + turn) / points * 2 * Math.PI;
    const radius = index % 2 === 0 ? 0.499 : 0.05 + random(100) / 1000;
    return [0.5 + radius * Math.cos(angle), 0.5 + radius * Math.sin(angle)] as const;
  });
}

/** A polygon that crosses itself, has no area, or leaves the picture. */
function knot(random: Random): Point[] {
  return Array.from({ length: random(MOST.points + 1) }, () =>
    [
      pick(random, NUMBERS),
      pick(random, NUMBERS),
    ] as const);
}

function polygon(random: Random): Point[] {
  return random(3) === 0 ? knot(random) : star(random, pick(random, [3, 8, 64, 64, MOST.points]));
}

function list<T>(random: Random, item: (index: number) => T): T[] {
  const count = pick(random, [0, 1, MOST.items - 1, MOST.items - 1, MOST.items]);
  return Array.from({ length: count }, (_, index) => item(index));
}

/** A command with extremes. */
function extreme(random: Random): readonly [command: string, params: unknown] {
  const isGood = random(2) === 0;
  const camera = isGood ? NAMES.camera : hostileId(random(2));
  const detector = isGood ? NAMES.detector : NAMES.victim;
  switch (random(4)) {
    case 0:
      return ["set_masks", { camera, masks: list(random, () => polygon(random)) }];
    case 1: {
      const zones = list(random, (index) => ({ id: `z${index}`, polygon: polygon(random) }));
      return ["set_zones", { camera, zones }];
    }
    case 2: {
      const end = () => [pick(random, NUMBERS), pick(random, NUMBERS)] as const;
      const lines = list(random, (index) => ({ id: `l${index}`, from: end(), to: end() }));
      return ["set_lines", { camera, lines }];
    }
    default:
      return ["set_presence", {
        detector,
        start: { frames: 1 + random(101), of: pick(random, [1, 100, 101]) },
        endSeconds: pick(random, SECONDS),
        updateSeconds: pick(random, SECONDS),
      }];
  }
}

async function commands(context: AttackContext, signal: AbortSignal): Promise<void> {
  const { random, sent } = context;
  using client = await openClient(context, "commander-of-scenes");
  await atPace(COMMANDS_PER_SECOND, signal, async () => {
    const [command, params] = extreme(random);
    const value = { schema: "orion.command/1", command, params };
    const isMutated = random(4) === 0;
    const text = JSON.stringify(isMutated ? mutatedValue(random, value) : value) ?? "";
    // A mutation may turn the command into one for all cameras.
    if (!text.includes(`"${command}"`)) return;
    await publish(client, CONTROL, text);
    sent.add("scene commands");
  });
}

async function switches(context: AttackContext, signal: AbortSignal): Promise<void> {
  const { random, sent } = context;
  using client = await openClient(context, "switcher");
  await atPace(SWITCH_TURNS_PER_SECOND, signal, async () => {
    for (let count = 0; count < SWITCHES; count++) {
      const isGood = random(4) === 0;
      const camera = isGood
        ? NAMES.camera
        : pick(random, [hostileId(1), "nowhere", "a".repeat(64)]);
      const word = isGood ? pick(random, OTHER_WORDS) : pick(random, WORDS);
      await publish(client, `${NAMES.root}/cameras/${camera}/detect/set`, word);
    }
    sent.add("switches", SWITCHES);
  });
}

async function lists(context: AttackContext, signal: AbortSignal): Promise<void> {
  const { random, sent } = context;
  await atPace(LISTS_PER_SECOND, signal, async () => {
    using client = await openClient(context, "list-writer");
    await publish(client, `${NAMES.root}/stays`, hostileList(random, null), true);
    sent.add("lists of stays");
  });
}

export const attackPresence: Attack = async (context, signal) => {
  await Promise.all([commands, switches, lists].map((attack) => attack(context, signal)));
  const cameras = [NAMES.camera, hostileId(0), hostileId(1)];
  await carryOut(context, [
    ...cameras.flatMap((camera) => [
      ["set_masks", { camera, masks: [] }] as const,
      ["set_zones", { camera, zones: [] }] as const,
      ["set_lines", { camera, lines: [] }] as const,
    ]),
    ...[NAMES.detector, NAMES.victim].map((detector) =>
      ["set_presence", {
        detector,
        start: { frames: 2, of: 3 },
        endSeconds: 5,
        updateSeconds: 0,
      }] as const
    ),
    ["resume", { camera: hostileId(1) }],
  ]);
};
