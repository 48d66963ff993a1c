/** Seeded mutations of plain data: of values, keys and structure, where those of bytes mostly break the syntax. */
import { pick, type Random } from "./mutate.ts";

/** Values that parsers and schemas like to forget. */
const JUNK: readonly [unknown, ...unknown[]] = [
  null,
  ...[true, false, 0, -0, -1, 0.5, 1, 30, 31, 65_536, 1e21, 1e308, -1e308, 2 ** 53 + 2],
  ...["", " ", "0", "null", "\0", "\ud800", "\u202e\u2066", "é".normalize("NFD"), "a".repeat(300)],
  ...["../x", "/etc/passwd", "builtin:person", "${HOME}", "$${", "%00", "__proto__", "*", "#", "+"],
  ...[[], {}, [[]], { a: {} }, [null], { length: 1 }, { toString: 1 }, { "": "" }],
];
/** Keys with a meaning to JavaScript, and keys next to known ones. */
const KEYS = ["__proto__", "constructor", "toString", "length", "", "id ", "ID", "é", "0"] as const;
/** Nesting of an input that is made deep on purpose. */
const DEEP = 200;

/** Whether a value has parts. */
function isParent(value: unknown): value is Readonly<Record<string, unknown>> | readonly unknown[] {
  return typeof value === "object" && value !== null;
}

/** Applies none to three mutations to plain data; the original is not changed. */
export function mutatedValue(random: Random, value: unknown): unknown {
  let result = value;
  for (let rounds = random(4); rounds > 0; rounds--) result = mutatedAt(random, result);
  return result;
}

/** Mutates one part, which may be the whole. */
function mutatedAt(random: Random, value: unknown): unknown {
  const keys = isParent(value) ? Object.keys(value) : [];
  if (!isParent(value) || keys.length === 0 || random(6) === 0) return replacement(random, value);
  const key = keys[random(keys.length)] ?? "";
  if (Array.isArray(value)) return mutatedList(random, value, Number(key));
  const entries = Object.entries(value);
  const at = keys.indexOf(key);
  const [, part] = entries[at] ?? ["", undefined];
  switch (random(5)) {
    case 0:
      return fromEntries(entries.filter((_, index) => index !== at));
    case 1:
      return fromEntries([...entries, [pick(random, KEYS), pick(random, JUNK)]]);
    case 2:
      return fromEntries(entries.map((each, index) => index === at ? [key + "x", part] : each));
    default:
      return fromEntries(
        entries.map((each, index) => index === at ? [key, mutatedAt(random, part)] : each),
      );
  }
}

function mutatedList(random: Random, list: readonly unknown[], at: number): unknown {
  switch (random(4)) {
    case 0:
      return list.filter((_, index) => index !== at);
    case 1:
      return [...list, ...list.slice(at)];
    default:
      return list.map((each, index) => index === at ? mutatedAt(random, each) : each);
  }
}

function replacement(random: Random, value: unknown): unknown {
  switch (random(8)) {
    case 0:
      return [value];
    case 1:
      return { value };
    case 2: {
      let deep = value;
      for (let level = random(DEEP); level > 0; level--) deep = level % 2 === 0 ? [deep] : { deep };
      return deep;
    }
    case 3:
      if (typeof value === "number") return value * (random(3) - 1) * 1.0001;
      return typeof value === "string" ? value + pick(random, ["x", " ", "\n", "\0"]) : [];
    default:
      return pick(random, JUNK);
  }
}

/** As `Object.fromEntries`, with `__proto__` as a key like any other. */
function fromEntries(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries);
}
