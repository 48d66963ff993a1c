/** Seeded mutations: the same seed gives the same inputs, so that failures are reproducible. */

/** Uniform integers from 0 to below `limit`. */
export type Random = (limit: number) => number;

/** The generator mulberry32. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return (limit) => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return Math.floor(((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32 * limit);
  };
}

/** A random element. */
export function pick<T>(random: Random, all: readonly [T, ...T[]]): T {
  return all[random(all.length)] ?? all[0];
}

const encoder = new TextEncoder();

/** Inputs that mutations start from; not empty. */
export type Corpus = readonly [Uint8Array, ...Uint8Array[]];

/** The corpus of texts. */
export function corpusOf([first, ...others]: readonly [string, ...string[]]): Corpus {
  return [encoder.encode(first), ...others.map((text) => encoder.encode(text))];
}

/**
 * Applies one to eight mutations to an input of the corpus: flips bits, sets bytes, removes, duplicates,
 * repeats or moves parts, inserts pieces of `words` and of other inputs.
 */
export function mutated(
  random: Random,
  corpus: Corpus,
  words: readonly [string, ...string[]],
): Uint8Array {
  let bytes = pick(random, corpus);
  for (let rounds = 1 + random(8); rounds > 0; rounds--) {
    const at = random(bytes.length + 1);
    const end = at + random(Math.min(bytes.length - at, 64) + 1);
    const part = bytes.subarray(at, end);
    switch (random(7)) {
      case 0:
        bytes = replaced(bytes, at, at + 1, Uint8Array.of((bytes[at] ?? 0) ^ 1 << random(8)));
        break;
      case 1:
        bytes = replaced(bytes, at, at + 1, Uint8Array.of(random(256)));
        break;
      case 2:
        bytes = replaced(bytes, at, end, new Uint8Array());
        break;
      case 3:
        bytes = replaced(bytes, at, at, repeated(part, random(8) === 0 ? 500 : 1));
        break;
      case 4:
        bytes = replaced(bytes, at, end, encoder.encode(pick(random, words)));
        break;
      case 5: {
        const other = pick(random, corpus);
        const from = random(other.length + 1);
        bytes = replaced(bytes, at, end, other.subarray(from, from + random(200)));
        break;
      }
      default:
        bytes = bytes.subarray(0, at);
    }
  }
  return bytes;
}

function replaced(bytes: Uint8Array, start: number, end: number, by: Uint8Array): Uint8Array {
  const tail = bytes.subarray(Math.min(end, bytes.length));
  const result = new Uint8Array(start + by.length + tail.length);
  result.set(bytes.subarray(0, start));
  result.set(by, start);
  result.set(tail, start + by.length);
  return result;
}

function repeated(part: Uint8Array, times: number): Uint8Array {
  const result = new Uint8Array(part.length * times);
  for (let time = 0; time < times; time++) result.set(part, time * part.length);
  return result;
}
