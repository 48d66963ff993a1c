/** What the run and its attacker, a process of its own, send each other: one JSON object a line. */

/** The classes of attacks; `retained` needs a broker where everyone may publish everywhere. */
export const CLASSES = ["streams", "commands", "mqtt", "http", "presence", "retained"] as const;
export type AttackClass = typeof CLASSES[number];

/** Names in the attacked configuration; those of Orion's client are the ones in the corpus of MQTT packets. */
export const NAMES = {
  instance: "lobby-1",
  root: "orion/lobby-1",
  /** The good camera and its detector. */
  camera: "gate",
  detector: "good",
  /** The detector of the hostile cameras. */
  victim: "victim",
} as const;

/** The id of a hostile camera. */
export function hostileId(index: number): string {
  return `hostile-${index}`;
}

/** What the attacker gets first. */
export interface AttackerPlan {
  readonly seed: number;
  readonly cameraPorts: readonly number[];
  readonly httpPort: number;
  readonly token: string;
  readonly mqttPort: number;
  /** Where Orion reaches that broker through a relay of the attacker's; null: directly. */
  readonly relayPort: number | null;
}

/** What it gets then. */
export type ToAttacker =
  | { readonly kind: "attack"; readonly classes: readonly AttackClass[] }
  | { readonly kind: "quiet" };

/** How many of each kind it has sent since the last answer, and what it received that holds a secret. */
export interface AttackerAnswer {
  readonly kind: "ready" | "attacking" | "quiet";
  readonly sent: Readonly<Record<string, number>>;
  readonly leaks: readonly string[];
}
