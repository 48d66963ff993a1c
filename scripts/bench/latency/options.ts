/** The command line options of the latency bench. */

/** The contenders: this checkout, another one, GStreamer. */
export const CONTENDERS = ["this", "parent", "gstreamer"] as const;
export type ContenderName = typeof CONTENDERS[number];

/** RTP over the RTSP connection, or as datagrams. */
export const TRANSPORTS = ["tcp", "udp"] as const;
export type Transport = typeof TRANSPORTS[number];

/** The model of every contender. */
export const MODELS = ["person", "person-int8"] as const;
export type ModelName = typeof MODELS[number];

export interface Options {
  /** Duration for each contender, rate and load, all rounds together. */
  readonly seconds: number;
  /** Number of rounds, in which the contenders alternate. */
  readonly rounds: number;
  /** In the order of the table. */
  readonly contenders: readonly ContenderName[];
  /** Another checkout of Orion, with its dependencies. */
  readonly parent: string | null;
  /** A Python with `gi`, numpy, onnxruntime and paho-mqtt; null: one is created. */
  readonly python: string | null;
  readonly model: ModelName;
  readonly transport: Transport;
  readonly ratesHz: readonly number[];
  /** The numbers of busy loops to measure under. */
  readonly loads: readonly number[];
}

export const USAGE = `deno task bench scripts/bench/latency.ts [SECONDS] [OPTIONS]

  SECONDS              for each contender, rate and load (default 30)
  --parent PATH        another checkout of Orion to measure beside this one
  --only NAME,…        some of: ${CONTENDERS.join(", ")}
  --python PATH        a Python with gi, numpy, onnxruntime and paho-mqtt (default: made with venv and pip)
  --model NAME         ${MODELS.join(" or ")} (default person)
  --transport NAME     of RTP: ${TRANSPORTS.join(" or ")} (default tcp)
  --rates HZ,…         default 5,25
  --loads COUNT,…      busy loops beside what is measured, default 0,4
  --rounds COUNT       rounds in which the contenders alternate (default 2)
`;

/**
 * Parses the command line arguments.
 * @throws Error with an explanation of the invalid option
 */
export function parseOptions(args: readonly string[]): Options {
  const given = new Map<string, string>();
  let seconds = "30";
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? "";
    if (!word.startsWith("--")) {
      seconds = word;
      continue;
    }
    if (!KNOWN.includes(word)) throw new Error(`There is no option ${word}.\n${USAGE}`);
    const value = args[++at];
    if (value === undefined) throw new Error(`${word} needs a value.`);
    given.set(word, value);
  }
  const parent = given.get("--parent") ?? null;
  const without = parent === null ? ["parent"] : [];
  const only = given.get("--only")?.split(",") ?? CONTENDERS.filter((x) => !without.includes(x));
  if (only.includes("parent") && parent === null) throw new Error("parent needs --parent PATH.");
  return {
    seconds: numbers("SECONDS", seconds, 1)[0] ?? 30,
    rounds: Math.round(numbers("--rounds", given.get("--rounds") ?? "2", 1)[0] ?? 2),
    contenders: only.map((name) => oneOf(CONTENDERS, "--only", name)),
    parent,
    python: given.get("--python") ?? null,
    model: oneOf(MODELS, "--model", given.get("--model") ?? "person"),
    transport: oneOf(TRANSPORTS, "--transport", given.get("--transport") ?? "tcp"),
    ratesHz: numbers("--rates", given.get("--rates") ?? "5,25", 0.1),
    loads: numbers("--loads", given.get("--loads") ?? "0,4", 0).map(Math.round),
  };
}

const KNOWN: readonly string[] = [
  ...["--parent", "--only", "--python", "--model", "--transport"],
  ...["--rates", "--loads", "--rounds"],
];

function numbers(name: string, text: string, min: number): number[] {
  return text.split(",").map((part) => {
    const value = Number(part);
    if (part === "" || !(value >= min && value <= 100_000)) {
      throw new Error(`${name} is "${text}": numbers from ${min} are needed.`);
    }
    return value;
  });
}

function oneOf<T extends string>(known: readonly T[], name: string, value: string): T {
  const found = known.find((each) => each === value);
  if (found === undefined) {
    throw new Error(`${name} is "${value}": one of ${known.join(", ")} is needed.`);
  }
  return found;
}
