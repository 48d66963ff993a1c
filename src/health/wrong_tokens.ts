import { isIPv6 } from "node:net";
import { type Clock, plusMs, type SteadyMs } from "../core/clock.ts";

/** Addresses whose wrong tokens are counted; beyond it the one that failed longest ago is forgotten. */
export const MAX_ADDRESSES = 1_024;

/** How many wrong tokens an address may send at once, and how often one more. */
export interface TokenLimit {
  readonly burst: number;
  readonly everyMs: number;
}

/** Counts wrong tokens by address: beyond the limit none is compared, right or wrong. */
export class WrongTokens {
  readonly #clock: Clock;
  readonly #limit: TokenLimit;
  /** When all wrong tokens of an address are forgotten, in the order of the newest. */
  readonly #forgottenAtMs = new Map<string, SteadyMs>();

  constructor(clock: Clock, limit: TokenLimit) {
    this.#clock = clock;
    this.#limit = limit;
  }

  get size(): number {
    return this.#forgottenAtMs.size;
  }

  /** Milliseconds until a token of the address is compared; 0: at once. */
  waitMs(address: string): number {
    const { burst, everyMs } = this.#limit;
    return Math.max(0, this.#owedMs(networkOf(address)) - (burst - 1) * everyMs);
  }

  /** The address has sent a wrong token. */
  add(address: string): void {
    const network = networkOf(address);
    const owedMs = this.#owedMs(network) + this.#limit.everyMs;
    this.#forgottenAtMs.delete(network);
    this.#forgottenAtMs.set(network, plusMs(this.#clock.nowMs(), owedMs));
    if (this.#forgottenAtMs.size <= MAX_ADDRESSES) return;
    for (const oldest of this.#forgottenAtMs.keys()) {
      this.#forgottenAtMs.delete(oldest);
      return;
    }
  }

  #owedMs(network: string): number {
    const atMs = this.#forgottenAtMs.get(network);
    return atMs === undefined ? 0 : Math.max(0, atMs - this.#clock.nowMs());
  }
}

/** Of IPv6 the first half: one host has 2^64 addresses. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes(".")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const behind = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - groups.length - behind.length;
  return [...groups, ...Array.from({ length: zeros }, () => "0"), ...behind].slice(0, 4).join(":");
}
