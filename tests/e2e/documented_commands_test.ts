/** The commands of the documents: valid for the shell and for Orion, and some of them run. */
import assert from "node:assert/strict";
import { parseCommandLine } from "../../src/cli/args.ts";
import { Mosquitto } from "../support/brokers/mosquitto.ts";
import { commandBlocks, RUN_BY_TEST } from "../support/product/command_blocks.ts";
import { startOrion } from "../support/product/process.ts";
import { ROOT, shell, tempFolder } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";

const BLOCKS = commandBlocks();

/** The blocks of a document that this file runs. */
function toRun(path: string): string[] {
  const firsts = RUN_BY_TEST[path] ?? assert.fail(`${path} has none`);
  const found = BLOCKS.filter((block) => block.path === path && firsts.includes(block.first));
  assert.ok(found.length > 0, path);
  return found.map(({ text }) => text);
}

Deno.test("commands: every block is valid for sh", async () => {
  using folder = tempFolder();
  const script = 'for file in "$1"/*.sh; do sh -n "$file" || { cat "$file" >&2; exit 1; }; done';
  for (const [index, { text }] of BLOCKS.entries()) folder.write(`${index}.sh`, text);
  await shell(script, folder.path);
});

Deno.test("commands: every command line of Orion has a command and options that there are", () => {
  const lines = BLOCKS.flatMap(({ text }) => text.replace(/\\\n\s*/g, " ").split("\n"))
    .flatMap((line) => [
      ...line.matchAll(
        /(?:^|&& |[\w/]*\/)(?:orion|deno task(?: --quiet)?) ((?:run|check|probe|init|permissions)\b.*)$/g,
      ),
    ])
    .map(([, words = ""]) => words.replace(/\s+#.*$/, "").replace(/\s*[<>|].*$/, ""));
  assert.ok(lines.length >= 10, lines.join("\n"));
  for (const line of lines) {
    const words = line.match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
    parseCommandLine(words.map((word) => word.replace(/^(['"])(.*)\1$/, "$2")));
  }
});

/** The launcher as the documents call it. */
const ORION = `orion() { sh ${ROOT}/scripts/orion.sh "$@"; }\n`;

Deno.test({
  name: "commands: those that are sent to a running Orion are accepted",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    using folder = tempFolder();
    await using broker = await Mosquitto.start();
    const config = folder.write(
      "orion.yaml",
      'instance: lobby-1\ncameras: [{ id: gate, url: "demo:" }]\n' +
        `mqtt: { url: "${broker.url}" }\nhealth: { listen: off }\n`,
    );
    await using acks = await broker.subscribe("orion/lobby-1/control/ack");
    await using orion = startOrion(["run", "--config", config]);
    await orion.waitFor("mqtt.connected");
    await orion.waitFor("camera.state_changed", ({ state }) => state === "online");
    const texts = [...toRun("README.md"), ...toRun("docs/mqtt.md")];
    for (const [index, text] of texts.entries()) {
      await shell(
        text.replaceAll("mosquitto_pub ", `mosquitto_pub -p ${broker.port} `)
          .replaceAll("orion/orion/", "orion/lobby-1/"),
      );
      await acks.waitFor(() => acks.messages.length > index, { what: `the answer to ${text}` });
    }
    assert.deepEqual(acks.messages.map(({ json }) => [json?.["status"], json?.["error"]]), [
      ...texts.map(() => ["ok", null]),
    ]);
    orion.signal("SIGTERM");
    assert.equal((await orion.exit()).code, 0);
  },
});

Deno.test({
  name: "commands: probe by a variable, and the conversion of Frigate's file",
  ignore: ignoreWithout("libav"),
  async fn() {
    using folder = tempFolder();
    const [probe = ""] = toRun("docs/cameras.md");
    await shell(`${ORION}export CAMERA=demo:\n${probe}`);
    const [convert = ""] = toRun("docs/from-frigate.md");
    const placed = convert.replace(
      "/path/to/config.yml",
      `${ROOT}/tests/support/frigate/config.yml`,
    )
      // Its cameras are not here to be opened.
      .replace("orion check --connect", 'grep -q "^cameras:" orion.yaml');
    await shell(`${ORION}cd ${folder.path}\n${placed}`);
  },
});
