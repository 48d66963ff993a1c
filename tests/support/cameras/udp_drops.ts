/** Datagrams that the kernel had no room for: on a busy machine it drops what a test counts on. */
import assert from "node:assert/strict";

/** The counters of `/proc/net/snmp` that mean that a datagram was sent, or would be, and not received. */
const DROPS = ["InErrors", "RcvbufErrors", "SndbufErrors"] as const;

/** How many there were so far, of every process here. */
async function dropsSoFar(): Promise<number> {
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", "grep ^Udp: /proc/net/snmp"],
    stdout: "piped",
  }).output();
  const [names = [], values = []] = new TextDecoder().decode(stdout).trim().split("\n")
    .map((line) => line.split(" "));
  return DROPS.reduce((sum, name) => {
    const at = names.indexOf(name);
    assert.ok(at > 0, `the kernel does not count ${name}`);
    return sum + Number(values[at]);
  }, 0);
}

/** Counts from its start on: `const drops = await UdpDrops.start()`. */
export class UdpDrops {
  readonly #before: number;

  private constructor(before: number) {
    this.#before = before;
  }

  static async start(): Promise<UdpDrops> {
    return new UdpDrops(await dropsSoFar());
  }

  /** At least so many as were dropped since. */
  async count(): Promise<number> {
    return await dropsSoFar() - this.#before;
  }
}
