/** Every folder of `examples/`, run: with test cameras and brokers in place of the addresses. */
import assert from "node:assert/strict";
import { Mosquitto, Subscriber } from "../support/brokers/mosquitto.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";
import {
  allExamples,
  environmentOf,
  exampleFile,
  placed,
  written,
} from "../support/product/examples.ts";
import { runOrion, startOrion } from "../support/product/process.ts";
import { Child } from "../support/system/children.ts";
import {
  ROOT,
  shell,
  type TempFolder,
  tempFolder,
  TWO_PEOPLE_CLIP,
} from "../support/system/files.ts";
import { ignoreWithout, programPath } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";

const ignore = ignoreWithout("libav", "gst-rtsp-server", "mosquitto");

const PASSWORD = "a-password-of-a-test";

/** The examples that a test of this file runs. */
const RUN: readonly string[] = [
  ...["one-camera", "eight-sub-streams", "mosquitto-tls", "home-assistant"],
  ...["caddy", "nginx", "prometheus"],
];

Deno.test("examples: each has a test that runs it", () => {
  assert.deepEqual(allExamples().map(({ name }) => name), [...RUN].sort());
});

/** A camera of an example: the address that is replaced, and its path. */
interface Placed {
  readonly host: string;
  readonly mount: string;
}

const GATE: Placed = { host: "192.0.2.10:554", mount: "/stream2" };

function camera({ mount }: Placed): Promise<RtspServer> {
  const auth = { user: "viewer", password: PASSWORD };
  return RtspServer.start({ clip: TWO_PEOPLE_CLIP, auth, mount });
}

Deno.test({
  name: "examples: one-camera and home-assistant open their camera and their broker",
  ignore,
  async fn() {
    using folder = tempFolder();
    await using gate = await camera(GATE);
    const login = { username: "lobby-1", password: PASSWORD };
    await using broker = await Mosquitto.start({ login });
    const address: readonly [string, string] = [GATE.host, `127.0.0.1:${gate.port}`];
    const alone = written(folder, "one-camera", [
      address,
      [
        "\ndetectors:",
        `\nmqtt: { listen: "127.0.0.1:${freePort()}" }\nhealth: { listen: off }\n\ndetectors:`,
      ],
    ]);
    const home = written(folder, "home-assistant", [
      address,
      ["192.0.2.5:1883", `127.0.0.1:${broker.port}`],
      ["0.0.0.0:8080", `127.0.0.1:${freePort()}`],
    ]);
    await Promise.all([["one-camera", alone], ["home-assistant", home]].map(
      async ([name = "", config = ""]) => {
        const env = environmentOf(name, PASSWORD);
        const words = ["check", "--connect", "--config", config];
        const { code, stdout, stderr } = await runOrion(words, { env });
        assert.equal(code, 0, stderr);
        assert.match(stdout, /^ok: camera gate: .*1280x720/m);
        assert.match(stdout, /^ok: broker: /m);
      },
    ));
  },
});

Deno.test({
  name: "examples: eight-sub-streams infers in all of its cameras",
  ignore,
  async fn() {
    using folder = tempFolder();
    // One server has one path: the channels of the recorder become one.
    await using recorder = await camera({ host: "", mount: "/Streaming/Channels/102" });
    await using broker = await Mosquitto.start();
    const channels = [2, 3, 4, 5, 6, 7, 8].map((channel) =>
      [`/Streaming/Channels/${channel}02`, "/Streaming/Channels/102"] as const
    );
    const config = written(folder, "eight-sub-streams", [
      ["192.0.2.30:554", `127.0.0.1:${recorder.port}`],
      ...channels,
      ["\ndetectors:", `\nmqtt: { url: "${broker.url}" }\nhealth: { listen: off }\n\ndetectors:`],
    ]);
    await using subscriber = await broker.subscribe("orion/orion/inferences/#");
    await using orion = startOrion(["run", "--config", config], {
      env: environmentOf("eight-sub-streams", PASSWORD),
    });
    const names = ["gate", "drive", "door", "garden", "garage", "yard", "hall", "stairs"];
    for (const name of names) {
      const topic = `orion/orion/inferences/${name}/person`;
      await subscriber.waitFor((message) => message.topic === topic, { what: topic });
    }
    orion.signal("SIGTERM");
    assert.equal((await orion.exit()).code, 0);
  },
});

/** A mosquitto as the example's README sets it up, on a port of its own. */
async function startExampleBroker(folder: TempFolder, port: number): Promise<Child> {
  const example = `${ROOT}/examples/mosquitto-tls`;
  await shell(
    `mkdir "$2/certs" && sh "$1/certificates.sh" 127.0.0.1 "$2/certs"`,
    example,
    folder.path,
  );
  const passwords = folder.write("orion.passwords", "");
  for (const user of ["orion", "operator"]) {
    await shell(`${programPath("mosquitto_passwd")} -b "$1" "$2" "$3"`, passwords, user, PASSWORD);
  }
  folder.write("orion.acl", exampleFile("mosquitto-tls", "orion.acl"));
  const config = placed(exampleFile("mosquitto-tls", "mosquitto.conf"), [
    ["/etc/mosquitto", folder.path],
    ["listener 8883", `user root\nlog_dest stderr\nlistener ${port} 127.0.0.1`],
  ]);
  const broker = new Child({
    name: "mosquitto",
    command: programPath("mosquitto") ?? "mosquitto",
    args: ["-c", folder.write("mosquitto.conf", config)],
  });
  await broker.stderr.waitFor((line) => / running$/.test(line), { what: "its start" });
  return broker;
}

Deno.test({
  name:
    "examples: mosquitto-tls encrypts, lets Orion do what it needs, and an operator read and command",
  ignore,
  async fn() {
    using folder = tempFolder();
    const port = freePort();
    await using _broker = await startExampleBroker(folder, port);
    await using gate = await camera(GATE);
    folder.write("mqtt-password", PASSWORD);
    const config = written(folder, "mosquitto-tls", [
      [GATE.host, `127.0.0.1:${gate.port}`],
      ["broker.example:8883", `127.0.0.1:${port}`],
      ["/etc/orion/broker-ca.pem", `${folder.path}/certs/ca.pem`],
      ["/etc/orion/mqtt-password", `${folder.path}/mqtt-password`],
      ["\ncontrol:", "\nhealth: { listen: off }\n\ncontrol:"],
    ]);
    await shell(`chmod 600 "$1/mqtt-password"`, folder.path);
    const env = environmentOf("mosquitto-tls", PASSWORD);
    const check = await runOrion(["check", "--connect", "--config", config], { env });
    assert.deepEqual([check.code, check.stderr], [0, ""]);

    await using orion = startOrion(["run", "--config", config], { env });
    await using operator = await Subscriber.start({
      port,
      topics: ["orion/lobby-1/#"],
      login: { username: "operator", password: PASSWORD },
      ca: `${folder.path}/certs/ca.pem`,
    });
    await operator.waitFor(({ topic }) => topic === "orion/lobby-1/inferences/gate/person");
    const command = (name: string) =>
      shell(
        `${programPath("mosquitto_pub")} --cafile "$1/certs/ca.pem" -h 127.0.0.1 -p ${port} -q 1 ` +
          `-u operator -P "$2" -t orion/lobby-1/control -m "$3"`,
        ...[folder.path, PASSWORD],
        JSON.stringify({ schema: "orion.command/1", id: name, command: name, params: {} }),
      );
    const ack = (id: string) =>
      operator.waitFor(({ topic, json }) =>
        topic === "orion/lobby-1/control/ack" && json?.["id"] === id
      );
    await command("get_status");
    assert.equal((await ack("get_status")).json?.["status"], "ok");
    await command("shutdown");
    assert.equal((await ack("shutdown")).json?.["status"], "error");
    orion.signal("SIGTERM");
    assert.equal((await orion.exit()).code, 0);
  },
});
