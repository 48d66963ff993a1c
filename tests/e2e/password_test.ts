/** A password is sent to its own server, and appears nowhere else, whatever fails. */
import assert from "node:assert/strict";
import { type TempFolder, tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { HostileCamera, type HostileOptions } from "../support/cameras/hostile_camera.ts";
import { Mosquitto } from "../support/brokers/mosquitto.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";
import { type OrionProcess, runOrion, startOrion } from "../support/product/process.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";
import {
  CommandLines,
  PASSWORD,
  PASSWORD_ENCODED,
  REALM,
  tracesIn,
  USER,
} from "../support/product/secrecy.ts";

const BROKER_USER = "orion";
const SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n";

/** Cameras that require or receive the password, and then fail, each in its own way. */
const FAILING: Readonly<Record<string, Partial<HostileOptions>>> = {
  "wrong-basic": { status: 401, challenge: `Basic realm="${REALM}"` },
  "wrong-digest": { status: 401, challenge: `Digest realm="${REALM}", nonce="0123456789abcdef"` },
  "wrong-sha256": {
    status: 401,
    challenge: `Digest realm="${REALM}", nonce="0123456789abcdef", algorithm=SHA-256`,
  },
  "integrity-alone": {
    status: 401,
    challenge: `Digest realm="${REALM}", nonce="0123456789abcdef", qop="auth-int"`,
  },
  forbidden: { status: 403 },
  missing: { status: 404 },
  broken: { status: 500 },
  moved: { status: 302, location: "rtsp://127.0.0.1:1/elsewhere" },
  "moved-away": { status: 302, location: `rtsp://${USER}:${PASSWORD_ENCODED}@127.0.0.2:1/x` },
  "hangs-up": { hangsUp: true },
  "frozen-at-once": { freezeAfter: "accept" },
  "frozen-later": { freezeAfter: "play" },
  soundless: { sdp: `${SDP}m=audio 0 RTP/AVP 0\r\na=control:audio\r\n` },
  strange: {
    sdp: `${SDP}m=video 0 RTP/AVP 96\r\na=rtpmap:96 X-NONSENSE/90000\r\na=control:video\r\n`,
  },
};

/** The parts of an instance that are searched for traces. */
interface Instance {
  readonly orion: OrionProcess;
  readonly httpUrl: string;
}

/** Starts Orion with those cameras, its own secrets configured in one of the possible ways. */
function start(
  folder: TempFolder,
  name: string,
  cameras: ReadonlyMap<string, string>,
  rest: { readonly mqtt: string; readonly health: string; readonly more: readonly string[] },
): Instance & { readonly config: string } {
  const port = freePort();
  const config = folder.write(
    `${name}.yaml`,
    [
      `instance: ${name}`,
      "cameras:",
      ...[...cameras].map(([id, url]) =>
        `  - { id: ${id}, url: "${url}", stallTimeoutSeconds: 1${
          id.startsWith("libav") ? ", demuxer: libav" : ""
        } }`
      ),
      "detectors: [{ id: person, cameras: [good], rateHz: 2 }]",
      `mqtt: ${rest.mqtt}`,
      `health: { listen: "127.0.0.1:${port}", statsIntervalSeconds: 1${rest.health} }`,
      "",
    ].join("\n"),
  );
  const orion = startOrion(["run", "--config", config, ...rest.more], {
    env: { CAMERA_PASSWORD: PASSWORD_ENCODED },
  });
  return { orion, httpUrl: `http://127.0.0.1:${port}`, config };
}

/** Waits until each of the lines is in the log, in either format. */
async function logged(orion: OrionProcess, lines: readonly RegExp[]): Promise<void> {
  for (const wanted of lines) {
    await orion.stderr.waitFor((line) => wanted.test(line), { what: `${wanted}` });
  }
}

/** Matches a log line by event and field, as JSON or as text. */
function line(event: string, key: string, value: string): RegExp {
  return new RegExp(`${event}\\b.*\\b${key}"?[=:]"?${value}\\b`);
}

async function everythingServed(httpUrl: string): Promise<string> {
  const paths = ["/healthz", "/readyz", "/status", "/metrics", "/cameras/good/snapshot.jpg", "/no"];
  const answers = paths.map(async (path) => {
    const response = await fetch(`${httpUrl}${path}`, {
      headers: { authorization: `Bearer ${PASSWORD}` },
    });
    assert.notEqual(response.status, 401, path);
    return `${JSON.stringify([...response.headers])}\n${await response.text()}`;
  });
  return (await Promise.all(answers)).join("\n");
}

/** Starts the cameras; returns the URL of each by its id. */
async function startCameras(stack: AsyncDisposableStack): Promise<Map<string, string>> {
  const login = `rtsp://${USER}:\${CAMERA_PASSWORD}@`;
  const good = stack.use(
    await RtspServer.start({ clip: TWO_PEOPLE_CLIP, auth: { user: USER, password: PASSWORD } }),
  );
  const urls = new Map([
    ["good", good.url.replace("rtsp://", login)],
    ["refused", `${login}127.0.0.1:${freePort()}/x`],
    ["nowhere", `${login}nowhere.invalid/x`],
    // In the file in clear, recognisable as secrets by their place alone.
    ["in-path", `rtsp://127.0.0.1:${freePort()}/live/admin/${PASSWORD_ENCODED}/0`],
    ["any-name", `rtsp://127.0.0.1:${freePort()}/x?sessionToken=${PASSWORD_ENCODED}`],
    [
      "xiongmai",
      `rtsp://127.0.0.1:${freePort()}/user=a_password=${PASSWORD_ENCODED}_channel=1.sdp`,
    ],
    ["libav-path", `rtsp://127.0.0.1:${freePort()}/live/${PASSWORD_ENCODED}`],
    ["query", `rtsp://127.0.0.1:${freePort()}/x?user=${USER}&password=\${CAMERA_PASSWORD}`],
  ]);
  for (const [id, options] of Object.entries(FAILING)) {
    const clip = { pictures: [], parameterSets: [] };
    const camera = stack.use(HostileCamera.start({ clip, ...options }));
    urls.set(id, camera.url.replace("rtsp://", login));
  }
  return urls;
}

Deno.test({
  name: "password: after failures of every kind it is in no log, topic, answer or command line",
  ignore: ignoreWithout("libav", "mosquitto", "gst-rtsp-server"),
  async fn() {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(tempFolder());
    const commandLines = stack.use(new CommandLines());
    const cameras = await startCameras(stack);
    const login = { username: BROKER_USER, password: PASSWORD };
    const stranger = await Mosquitto.start({ login: { ...login, password: "of another client" } });
    const secret = folder.write("secret", `${PASSWORD}\n`);
    const fromFiles = start(folder, "json", cameras, {
      mqtt: `{ url: "${stranger.url}", username: ${BROKER_USER}, password: { file: ${secret} } }`,
      health: `, token: { file: ${secret} }`,
      more: ["--log-level", "debug"],
    });
    stack.use(fromFiles.orion);
    const url = stranger.url.replace("mqtt://", `mqtt://${BROKER_USER}:${PASSWORD_ENCODED}@`);
    const inClear = start(folder, "text", cameras, {
      mqtt: `{ url: "${url}" }`,
      health: "",
      more: ["--log-level", "debug", "--log-format", "text"],
    });
    stack.use(inClear.orion);
    const instances = [fromFiles, inClear];

    for (const { orion } of instances) {
      await logged(orion, [line("mqtt.connect_failed", "code", "BROKER_UNAUTHORISED")]);
    }
    await stranger[Symbol.asyncDispose]();
    await using broker = await Mosquitto.start({ login, port: stranger.port });
    await using subscriber = await broker.subscribe("#");
    const env = { CAMERA_PASSWORD: PASSWORD_ENCODED };
    const checked = await runOrion(["check", "--connect", "--config", inClear.config], { env });
    assert.equal(checked.code, 2);
    const failures = [...cameras.keys()].filter((id) => id !== "good")
      .map((id) => line("camera\\.(failed|stalled)", "camera", id));
    for (const { orion } of instances) await logged(orion, [...failures, /mqtt\.connected/]);
    for (const instance of ["json", "text"]) {
      const topic = `orion/${instance}/inferences/good/person`;
      await subscriber.waitFor((message) => message.topic === topic, { what: topic });
      await subscriber.waitFor((message) => message.topic === `orion/${instance}/health`);
    }
    const served = await Promise.all(instances.map(({ httpUrl }) => everythingServed(httpUrl)));
    const said = subscriber.messages.map(({ topic, payload }) => `${topic} ${payload}`);
    await broker.stop();
    for (const { orion } of instances) {
      await logged(orion, [/mqtt\.disconnected\b.*BROKER_(?!UNAUTHORISED)/]);
      orion.signal("SIGTERM");
      assert.equal((await orion.exit()).code, 0);
    }

    assert.ok(said.length > 20 && served.every((text) => text.includes("wrong-digest")));
    const places: Readonly<Record<string, string>> = {
      topics: said.join("\n"),
      ...Object.fromEntries(instances.flatMap(({ orion, httpUrl }, index) => [
        [`standard error ${index}`, orion.stderr.text()],
        [`standard output ${index}`, orion.stdout.text()],
        [`${httpUrl}`, served[index] ?? ""],
        [`command lines ${index}`, commandLines.of(orion).join("\n")],
      ])),
      check: checked.stdout + checked.stderr,
    };
    assert.match(places["command lines 0"] ?? "", /main\.ts/);
    for (const [place, text] of Object.entries(places)) {
      assert.deepEqual(tracesIn(text), [], place);
    }
    assert.ok(
      tracesIn(Deno.readTextFileSync(inClear.config)).length > 0,
      "the search finds it where it is",
    );
  },
});

Deno.test({
  name: "password: a command that fails does not print it, not even one that was not encoded",
  ignore: ignoreWithout("libav"),
  async fn() {
    using folder = tempFolder();
    const refused = `127.0.0.1:${freePort()}/x`;
    const address = `rtsp://${USER}:${PASSWORD_ENCODED}@${refused}/live/${PASSWORD_ENCODED}`;
    const probed = await runOrion(["probe", "--env", "CAMERA"], { env: { CAMERA: address } });
    assert.equal(probed.code, 1);
    assert.match(probed.stderr, /127\.0\.0\.1.*refused/);
    for (const url of [`rtsp://${USER}:${PASSWORD}@${refused}`, `${USER}:${PASSWORD}@${refused}`]) {
      const config = folder.write("orion.yaml", `cameras: [{ id: gate, url: "${url}" }]\n`);
      const checked = await runOrion(["check", "--config", config]);
      assert.equal(checked.code, 2);
      assert.match(checked.stderr, /cameras\[0\]\.url/);
      assert.deepEqual(tracesIn(checked.stdout + checked.stderr), []);
    }
    assert.deepEqual(tracesIn(probed.stdout + probed.stderr), []);
  },
});

Deno.test({
  name: "password: an address that probe reads from standard input is in no command line",
  ignore: ignoreWithout("libav"),
  async fn() {
    await using commandLines = new CommandLines();
    const clip = { pictures: [], parameterSets: [] };
    await using camera = HostileCamera.start({ clip, freezeAfter: "accept" });
    await using probing = startOrion(["--json", "probe", "-"]);
    await commandLines.waitFor(probing, /orion\.sh --json probe -/);
    await probing.say(camera.url.replace("rtsp://", `rtsp://${USER}:${PASSWORD_ENCODED}@`));
    assert.equal((await probing.exit(60_000)).code, 1);
    assert.match(probing.stderr.text(), /no answer/);
    const said = [...commandLines.of(probing), probing.stdout.text(), probing.stderr.text()];
    assert.deepEqual(tracesIn(said.join("\n")), []);
  },
});
