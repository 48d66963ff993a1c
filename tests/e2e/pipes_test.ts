/** The service keeps running when standard error is closed, blocked or on a full disk. */
import assert from "node:assert/strict";
import { Child } from "../support/system/children.ts";
import { ROOT, tempFolder } from "../support/system/files.ts";
import { freePort } from "../support/system/ports.ts";
import { jsonLine, PATIENCE } from "../support/system/lines.ts";
import { ignoreWithout } from "../support/system/parts.ts";

/** Concurrent requests: fewer than the bound of one address. */
const CHATTER = 30;

/** Limit of a start, and interval between two polls. */
const READY_MS = 60_000 * PATIENCE;
const POLL_MS = 50;

/** The product with its standard error redirected by shell code, in which `$1` is the test's folder. */
class RedirectedOrion implements AsyncDisposable {
  readonly folder = tempFolder();
  readonly child: Child;
  readonly #port = freePort();
  readonly #http = `http://127.0.0.1:${this.#port}`;

  constructor(redirect: string) {
    const config = this.folder.write(
      "orion.yaml",
      `cameras: [{ id: demo, url: "demo:" }]\n` +
        "detectors: [{ id: person, model: builtin:person-int8, rateHz: 2 }]\n" +
        `mqtt: { listen: "127.0.0.1:${freePort()}" }\n` +
        `health: { listen: "127.0.0.1:${this.#port}", statsIntervalSeconds: 1 }\n`,
    );
    const start = '"$0/scripts/orion.sh" run --config "$1/orion.yaml" --log-format json ' +
      "--log-level debug";
    this.child = new Child({
      name: `orion with ${redirect}`,
      command: "sh",
      args: ["-c", redirect.replace("ORION", `exec sh ${start}`), ROOT, this.folder.path],
      env: { NO_COLOR: "1", ORION_CONFIG: config },
    });
  }

  /** Starts a program that reads the named pipe `log` in the folder, once it exists. */
  reader(program: string): Child {
    const wait = `until [ -p "$0/log" ]; do sleep 0.05; done; exec ${program} <"$0/log"`;
    return new Child({ name: program, command: "sh", args: ["-c", wait, this.folder.path] });
  }

  /** Waits for readiness. */
  async ready(): Promise<void> {
    const until = performance.now() + READY_MS;
    while (!await this.#isReady()) {
      assert.ok(this.child.running, "it keeps running");
      assert.ok(performance.now() < until, "it became ready");
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** The number of dropped log lines. */
  async dropped(): Promise<number> {
    const text = await (await fetch(`${this.#http}/metrics`)).text();
    return Number(text.match(/^orion_log_lines_dropped_total (\d+)$/m)?.[1]);
  }

  /** Makes Orion log this many lines, one for each malformed request. */
  async chatter(lines: number): Promise<void> {
    const request = "GET / HTTP/1.1\r\nHost: 127.0.0.1:99999\r\n\r\n";
    await Promise.all(Array.from({ length: lines }, async () => {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
      await connection.write(new TextEncoder().encode(request));
      try {
        while (await connection.read(new Uint8Array(1024)) !== null);
      } catch (error) {
        // Neither the response nor the way the connection closes matters here.
        if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
      }
    }));
  }

  async #isReady(): Promise<boolean> {
    try {
      const response = await fetch(`${this.#http}/readyz`);
      await response.body?.cancel();
      return response.ok;
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

const ignore = ignoreWithout("libav");

Deno.test({
  name: "pipes: the service keeps running with its log on a full disk, and exits in order",
  ignore,
  async fn() {
    await using orion = new RedirectedOrion("ORION 2>/dev/full");
    await orion.ready();
    orion.child.signal("SIGTERM");
    assert.equal((await orion.child.exit()).code, 0);
    assert.equal(await orion.child.groupAlive(), false);
  },
});

Deno.test({
  name: "pipes: a reader that closes the pipe after one line does not end the service",
  ignore,
  async fn() {
    await using orion = new RedirectedOrion('mkfifo "$1/log"; ORION 2>"$1/log"');
    await using reader = orion.reader("head -n 1");
    await reader.exit(READY_MS);
    assert.equal(reader.stdout.all.length, 1);
    await orion.ready();
    orion.child.signal("SIGTERM");
    assert.equal((await orion.child.exit()).code, 0);
    assert.equal(await orion.child.groupAlive(), false);
  },
});

Deno.test({
  name: "pipes: a full pipe blocks nothing, and dropped lines are counted",
  ignore,
  async fn() {
    // The pipe is full before Orion starts, so that its first line does not fit.
    const fill = 'mkfifo "$1/log"; exec 3<>"$1/log"; ' +
      'yes "$(printf %04095d 0)" | dd of=/dev/fd/3 bs=4096 iflag=fullblock oflag=nonblock 2>/dev/null; ';
    await using orion = new RedirectedOrion(`${fill} ORION 2>&3 3>&-`);
    await orion.ready();
    while (await orion.dropped() === 0) await orion.chatter(CHATTER);
    await using reader = orion.reader("cat");
    const event = (name: string) =>
      reader.stdout.waitFor((line) => jsonLine(line)?.["event"] === name, { what: name });
    await event("service.starting");
    const gap = jsonLine(await event("log.dropped"));
    assert.equal(gap?.["lines"], await orion.dropped(), "one line reports all of them");
    orion.child.signal("SIGTERM");
    assert.equal(jsonLine(await event("service.stopped"))?.["reason"], "SIGTERM");
    assert.equal((await orion.child.exit()).code, 0);
    assert.equal(await orion.child.groupAlive(), false);
  },
});
