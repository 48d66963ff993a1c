/** Datagrams dropped by the kernel, which a test on a busy machine has to allow for. */
import assert from "node:assert/strict";

/** The counters of `/proc/net/snmp` for datagrams that were sent but not received. */
const DROPS = ["InErrors", "RcvbufErrors", "SndbufErrors"] as const;

/** The number so far, of all processes. */
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

/** Counts drops since its start: `const drops = await UdpDrops.start()`. */
export class UdpDrops {
  readonly #before: number;

  private constructor(before: number) {
    this.#before = before;
  }

  static async start(): Promise<UdpDrops> {
    return new UdpDrops(await dropsSoFar());
  }

  /** An upper bound of the drops since the start. */
  async count(): Promise<number> {
    return await dropsSoFar() - this.#before;
  }
}
