/** `check --connect`: reads back what it publishes, under the rules of a broker. */
import assert from "node:assert/strict";
import { Mosquitto } from "../support/brokers/mosquitto.ts";
import { runOrion } from "../support/product/process.ts";
import { tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";

const ROOT = "orion/orion";
const LOGIN = { username: "orion", password: "hunter22" };

/** A broker that lets the user do what `rules` say, and another user read everything. */
async function brokerWith(folder: { write(name: string, text: string): string }, rules: string[]) {
  const acl = [`user ${LOGIN.username}`, ...rules].join("\n") + "\n";
  const file = folder.write("acl", acl);
  return await Mosquitto.start({ login: LOGIN, extra: [`acl_file ${file}`] });
}

async function check(folder: { write(name: string, text: string): string }, broker: Mosquitto, {
  protocol,
}: { protocol: 5 | "3.1.1" }) {
  const file = folder.write(
    "orion.yaml",
    `cameras: [{ id: gate, url: "file:${TWO_PEOPLE_CLIP}" }]\n` +
      `mqtt: { url: "${broker.url}", protocol: ${JSON.stringify(protocol)}, ` +
      `username: orion, password: hunter22 }\nhealth: { listen: off }`,
  );
  return await runOrion(["check", "--config", file, "--connect"]);
}

Deno.test({
  name: "check: --connect finds the topics that a broker's rules drop silently, with MQTT 3.1.1",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    using folder = tempFolder();
    await using broker = await brokerWith(folder, [
      `topic readwrite ${ROOT}/#`,
      `topic deny ${ROOT}/inferences/gate/person`,
    ]);
    const { code, stderr } = await check(folder, broker, { protocol: "3.1.1" });
    assert.equal(code, 2);
    assert.match(stderr, /^error: broker: .*orion\/orion\/inferences\/gate\/person.*dropped/m);
    assert.match(stderr, /^ {2}→ Allow the user in mqtt\.username /m);
    assert.doesNotMatch(stderr, /hunter|\/status/);
  },
});

Deno.test({
  name: "check: --connect under the rules of docs/mqtt.md succeeds, and leaves nothing retained",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    using folder = tempFolder();
    await using broker = await brokerWith(folder, [`topic readwrite ${ROOT}/#`]);
    const { code, stdout, stderr } = await check(folder, broker, { protocol: 5 });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ok: broker: .*speaks MQTT 5$/m);
    await using later = await broker.subscribe("orion/#");
    await broker.publish(`${ROOT}/marker`, "now");
    await later.waitFor(({ topic }) => topic.endsWith("/marker"));
    assert.deepEqual(later.messages.filter(({ retained }) => retained), []);
  },
});
