/**
 * `docs/first-hour.md`, walked: its own blocks, in their order, in one folder. What is not the page's:
 * test cameras in place of its addresses, ports that are free, and what each step must have led to.
 */
import assert from "node:assert/strict";
import { RtspServer } from "../support/cameras/rtsp_server.ts";
import { Child } from "../support/system/children.ts";
import { ROOT, type TempFolder, tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { jsonLine } from "../support/system/lines.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";

const PAGE = Deno.readTextFileSync(`${ROOT}/docs/first-hour.md`);

/** The page's blocks by name: commands, and files. */
const BLOCKS: ReadonlyMap<string, string> = new Map(
  [...PAGE.matchAll(/^```\w+ walked=(\S+)\n(.*?)^```$/gms)]
    .map(([, name = "", text = ""]) => [name, text]),
);

/** The passwords of the page, as its file has them. */
const SECRETS: ReadonlyMap<string, string> = new Map(
  [...(BLOCKS.get("passwords") ?? "").matchAll(/^([A-Z_]+)=(.*)$/gm)]
    .map(([, name = "", value = ""]) => [name, value]),
);

/** One walk: the folder, what the page's addresses are here, and the blocks that were taken. */
class Walk implements Disposable {
  readonly folder: TempFolder = tempFolder();
  readonly taken: string[] = [];
  readonly #places: readonly (readonly [string, string])[];

  constructor(places: readonly (readonly [string, string])[]) {
    this.#places = places;
  }

  /** The text of a block, with the places of this machine. */
  take(name: string): string {
    const text = BLOCKS.get(name) ?? assert.fail(`the page has no block ${name}`);
    this.taken.push(name);
    return this.#places.reduce((placed, [from, to]) => placed.replaceAll(from, to), text);
  }

  /** Saves a block as a file of its name, or at the end of another one. */
  save(name: string, after?: string): void {
    const file = `${this.folder.path}/${after ?? name}`;
    Deno.writeTextFileSync(file, `${after === undefined ? "" : "\n"}${this.take(name)}`, {
      append: after !== undefined,
    });
  }

  /** Starts a block in a terminal of its own, with what the page says for each terminal. */
  start(name: string): Child {
    const path = this.folder.path;
    const command = this.#places.reduce(
      (text, [from, to]) => text.replaceAll(from, to),
      BLOCKS.get("command") ?? "",
    );
    const environment = this.taken.includes("passwords") ? BLOCKS.get("environment") ?? "" : "";
    const script = `${command}${environment}${this.take(name)}`;
    return new Child({
      name,
      command: "stdbuf",
      args: ["-oL", "sh", "-c", `set -e\ncd ${path}\n${script}`],
      env: { NO_COLOR: "1" },
    });
  }

  /** Runs a block to its end. @returns what it printed */
  async run(name: string): Promise<string> {
    await using child = this.start(name);
    const { code } = await child.exit();
    assert.equal(code, 0, `${name}: ${child.stdout.text()}${child.stderr.text()}`);
    return child.stdout.text();
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}

function camera(name: string): Promise<RtspServer> {
  const password = decodeURIComponent(SECRETS.get(name) ?? "");
  return RtspServer.start({ clip: TWO_PEOPLE_CLIP, auth: { user: "viewer", password } });
}

/** From the folder to a configuration with both cameras. */
async function configure(walk: Walk, http: number): Promise<void> {
  await walk.run("folder");
  walk.take("command");
  await walk.run("passwords");
  walk.take("environment");

  await walk.run("init");
  const written = await walk.run("look");
  assert.equal(written.match(/^ {4}# h264, 1280x720, /gm)?.length, 2, written);
  assert.match(written, /^ {2}- id: gate\n[^]*^ {2}- id: yard\n/m);
  for (const secret of SECRETS.values()) assert.ok(!written.includes(secret));
  // Other tests may hold the page's port.
  const config = `${walk.folder.path}/orion.yaml`;
  Deno.writeTextFileSync(config, written.replace("127.0.0.1:8080", `127.0.0.1:${http}`));
}

/** The broker in the configuration, and everything tried once. */
async function check(walk: Walk): Promise<void> {
  walk.save("mqtt.yaml", "orion.yaml");
  const said = await walk.run("check");
  assert.deepEqual(said.split("\n").filter((line) => !line.startsWith("ok: ")), [], said);
  assert.equal(said.match(/^ok: (?:camera gate|camera yard|broker): /gm)?.length, 3, said);
}

/** What Home Assistant is to find: persons, the zone, stays, switches. */
async function assertEntities(walk: Walk): Promise<void> {
  await using entities = walk.start("entities");
  const wanted = [
    /^homeassistant\/binary_sensor\/orion\/gate_.*person.*\/config$/,
    /^homeassistant\/binary_sensor\/orion\/gate_.*door.*\/config$/,
    /^homeassistant\/event\/orion\/gate_.*\/config$/,
    /^homeassistant\/switch\/orion\/yard_.*\/config$/,
  ];
  for (const pattern of wanted) {
    await entities.stdout.waitFor((line) => pattern.test(line), { what: `${pattern}` });
  }
}

Deno.test({
  name: "first hour: the page leads to two cameras, a broker with users, a zone, and entities",
  ignore: ignoreWithout("libav", "gst-rtsp-server", "mosquitto"),
  async fn() {
    await using gate = await camera("GATE_PASSWORD");
    await using yard = await camera("YARD_PASSWORD");
    const [mqtt, http] = [freePort(), freePort()];
    using walk = new Walk([
      // In place of the shell: a process that outlives its shell is awaited for seconds at its end.
      ["{ sh ", "{ exec sh "],
      ["~/my-orion", "."],
      ["~/orion", ROOT],
      ["192.168.1.20", `127.0.0.1:${gate.port}`],
      ["192.168.1.21", `127.0.0.1:${yard.port}`],
      // As root it would become a user that cannot read the folder of the test.
      ["listener 1883 127.0.0.1", `user root\nlog_dest stderr\nlistener ${mqtt} 127.0.0.1`],
      ["127.0.0.1:1883", `127.0.0.1:${mqtt}`],
      ["mosquitto -c", "exec mosquitto -c"],
      ["mosquitto_sub ", `exec mosquitto_sub -p ${mqtt} `],
      ["mosquitto_pub ", `mosquitto_pub -p ${mqtt} `],
    ]);
    await configure(walk, http);

    walk.save("mosquitto.conf");
    walk.save("rules");
    await walk.run("users");
    await using broker = walk.start("broker");
    await broker.stderr.waitFor((line) => / running$/.test(line), { what: "the broker's start" });

    await check(walk);

    await using orion = walk.start("run");
    for (const name of ["gate", "yard"]) {
      await orion.stderr.waitFor(
        (line) => line.includes(`camera=${name}`) && line.includes("state=online"),
        { what: `${name} online` },
      );
    }
    await using presence = walk.start("presence");
    await presence.stdout.waitFor(
      (line) => jsonLine(line.replace(/^\S+ /, ""))?.["type"] === "start",
      { what: "a start" },
    );

    await walk.run("zone");
    await using occupancy = walk.start("occupancy");
    await occupancy.stdout.waitFor((line) => {
      const message = jsonLine(line.replace(/^\S+ /, ""));
      return message?.["zone"] === "door" && message["occupied"] === true;
    }, { what: "a person in the zone" });

    await assertEntities(walk);
    assert.deepEqual(walk.taken, [...BLOCKS.keys()], "every block, in the order of the page");
  },
});
