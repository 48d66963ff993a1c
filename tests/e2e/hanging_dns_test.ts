/** A name server that does not answer delays only the workers that need it to resolve a name. */
import assert from "node:assert/strict";
import { Child } from "../support/system/children.ts";
import { ROOT, tempFolder } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { OrionProcess } from "../support/product/process.ts";

/** Accepts every datagram and answers none: routed to this machine, without being its address. */
const NAME_SERVER = "192.0.2.1";

const RESOLV_CONF = `nameserver ${NAME_SERVER}\noptions timeout:30 attempts:2\n`;

/** Gives the program that follows a network namespace without name resolution; `$1` is the test's folder. */
const NO_NAMES = `ip link set lo up && ip route add ${NAME_SERVER} dev lo && ` +
  'mount --bind "$1/resolv.conf" /etc/resolv.conf';

/**
 * Whether the kernel permits a network namespace in which name resolution hangs: tried rather than
 * assumed, in CI too.
 */
async function canIsolate(): Promise<boolean> {
  using folder = tempFolder();
  folder.write("resolv.conf", RESOLV_CONF);
  const hangs = `${NO_NAMES} && { timeout 1 getent hosts lost.example; [ $? = 124 ]; }`;
  await using child = new Child({
    name: "unshare",
    command: "sh",
    args: ["-c", 'exec unshare -rmn sh -c "$2" "$0" "$1"', "", folder.path, hangs],
  });
  return (await child.exit()).success;
}

Deno.test({
  name:
    "names: cameras and a broker whose names don't resolve delay neither other cameras nor the shutdown",
  ignore: ignoreWithout("libav") || !await canIsolate(),
  async fn() {
    using folder = tempFolder();
    folder.write("resolv.conf", RESOLV_CONF);
    const config = folder.write(
      "orion.yaml",
      "cameras:\n" +
        [1, 2, 3].map((n) => `  - { id: lost${n}, url: "rtsp://lost${n}.example/s" }\n`).join("") +
        '  - { id: demo, url: "demo:" }\n' +
        "detectors: [{ id: person, model: builtin:person-int8, rateHz: 2 }]\n" +
        "mqtt: { url: mqtt://broker.example }\nhealth: { listen: off }\n",
    );
    await using orion = new OrionProcess({
      name: "orion without names",
      command: "sh",
      args: ["-c", 'exec unshare -rmn sh -c "$2" "$0" "$1"', ROOT, folder.path]
        .concat(
          `${NO_NAMES} && exec sh "$0/scripts/orion.sh" run --log-format json --config ${config}`,
        ),
      env: { NO_COLOR: "1" },
    });
    await orion.waitFor("detections", ({ camera }) => camera === "demo");
    const codes = orion.events().map(({ code }) => code);
    assert.ok(!codes.includes("STREAM_NAME_UNKNOWN"), "resolving hangs, and does not fail");
    orion.signal("SIGTERM");
    assert.equal((await orion.exit()).code, 0);
    const events = orion.events().map(({ event }) => event);
    assert.ok(!events.includes("service.stop_timed_out"), "every worker stopped by itself");
    assert.ok(events.includes("service.stopped"));
    assert.equal(await orion.groupAlive(), false);
  },
});
