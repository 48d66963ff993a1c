/**
 * Nothing is granted that is not needed: with each permission taken away in turn, what it is for fails.
 * The tables are written by hand, and must name exactly what the manifest grants: a permission more, or
 * one less, fails the test.
 */
import assert from "node:assert/strict";
import { type Grant, grant, GRANT_KINDS, type GrantKind } from "../../src/permissions/grant.ts";
import { FaultyCamera } from "../support/cameras/faulty_camera/camera.ts";
import { ROOT, tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { makeCertificates, Mosquitto } from "../support/brokers/mosquitto.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { Relay } from "../support/brokers/relay.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";
import { type Feature, listen, play, publish, runModel } from "./features.ts";
import {
  places,
  type Product,
  product,
  REDIRECT_HOST,
  shippedFlags,
  startDeno,
  VARIABLE,
} from "./product.ts";

/** A permission, as the tables below name it: `read {config}/ca.pem`. */
interface Value {
  readonly kind: GrantKind;
  readonly value: string;
  readonly label: string;
}

function valuesOf(given: Grant, of: Product): Value[] {
  return GRANT_KINDS.flatMap((kind) =>
    given[kind].map((value) => ({ kind, value, label: `${kind} ${labelOf(value, of)}` }))
  );
}

function labelOf(value: string, { folder, ports }: Product): string {
  const { libav, onnxruntime } = places();
  const library = Object.entries(libav).find(([, path]) => path === value);
  if (library !== undefined) return library[0];
  if (value === onnxruntime.binding) return "onnxruntime";
  const port = Object.entries({ ...ports, rtcp: ports.rtp + 1 })
    .find(([, port]) => value.endsWith(`:${port}`));
  if (port !== undefined) return value.replace(/\d+$/, port[0]);
  return value.replace(`${folder}/`, "{config}/").replace(`${ROOT}/`, "{orion}/");
}

function without(given: Grant, { kind, value }: Value): Grant {
  return grant(given.why, { ...given, [kind]: given[kind].filter((one) => one !== value) });
}

/** The feature that needs a permission, and the error without it. */
type Needs = Readonly<Record<string, readonly [Feature, RegExp]>>;

async function assertMinimal(given: Grant, of: Product, needs: Needs): Promise<void> {
  const values = valuesOf(given, of);
  assert.deepEqual(values.map(({ label }) => label).sort(), Object.keys(needs).sort());
  for (const feature of new Set(Object.values(needs).map(([feature]) => feature))) {
    assert.equal(await feature(given, of), "ok", "with everything that is granted");
  }
  for (const value of values) {
    const [feature, says] = needs[value.label] ?? assert.fail(value.label);
    assert.match(await feature(without(given, value), of), says, `without ${value.label}`);
  }
}

/** The error of playing a camera without one of the libraries. */
function librariesOf(camera: string, ...names: readonly string[]): Needs {
  return Object.fromEntries(
    names.map((name) => [
      `ffi ${name}`,
      [play(camera), new RegExp(`Requires ffi access to .*lib${name}`)],
    ]),
  );
}

const DECODING = ["avutil", "avcodec", "swscale"];

Deno.test({
  name: "manifest: a file's worker needs each of the four libraries, and no address",
  ignore: ignoreWithout("libav"),
  async fn() {
    using full = product("full");
    const needs = librariesOf("clip", ...DECODING, "avformat");
    await assertMinimal(full.manifest.capture("clip"), full, needs);
  },
});

/** The error of a connection that is not permitted. */
function noAddress(host: string): RegExp {
  return new RegExp(`Requires net access to "${host.replaceAll(".", "\\.")}"`);
}

Deno.test({
  name: "manifest: a camera's worker needs its address, its redirect hosts, and three libraries",
  ignore: ignoreWithout("libav", "gst-rtsp-server"),
  async fn() {
    using full = product("full");
    const { camera, redirect } = full.ports;
    await using server = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
    await using _other = Relay.start({ hostname: REDIRECT_HOST, port: redirect, to: server.port });
    const location = `rtsp://${REDIRECT_HOST}:${redirect}/stream1`;
    await using _gate = FaultyCamera.start({
      tracks: [],
      port: camera,
      control: { redirect: { status: 302, location } },
    });
    const gate = play("gate");
    await assertMinimal(full.manifest.capture("gate"), full, {
      ...librariesOf("gate", ...DECODING),
      "net 127.0.0.1:camera": [gate, noAddress(`127.0.0.1:${camera}`)],
      [`net ${REDIRECT_HOST}:redirect`]: [gate, noAddress(`${REDIRECT_HOST}:${redirect}`)],
    });
  },
});

Deno.test({
  name: "manifest: over UDP it needs its two ports besides, and the camera's address",
  ignore: ignoreWithout("libav", "gst-rtsp-server"),
  async fn() {
    using udp = product("udp");
    const { camera, rtp } = udp.ports;
    await using _server = await RtspServer.start({ clip: TWO_PEOPLE_CLIP, port: camera });
    const gate = play("gate");
    await assertMinimal(udp.manifest.capture("gate"), udp, {
      ...librariesOf("gate", ...DECODING),
      "net 127.0.0.1": [gate, noAddress(`127.0.0.1:${camera}`)],
      "net 0.0.0.0:rtp": [gate, noAddress(`0.0.0.0:${rtp}`)],
      "net 0.0.0.0:rtcp": [gate, noAddress(`0.0.0.0:${rtp + 1}`)],
    });
  },
});

Deno.test({
  name: "manifest: with demuxer: libav it needs the fourth library instead of an address",
  ignore: ignoreWithout("libav", "gst-rtsp-server"),
  async fn() {
    using full = product("full");
    await using _server = await RtspServer.start({
      clip: TWO_PEOPLE_CLIP,
      port: full.ports.camera,
    });
    const needs = librariesOf("old", ...DECODING, "avformat");
    await assertMinimal(full.manifest.capture("old"), full, needs);
  },
});

Deno.test("manifest: an inference worker needs the runtime, its model, and those of set_model", async () => {
  using full = product("full");
  const own = runModel(({ folder }) => `${folder}/own.onnx`);
  const spare = runModel(({ folder }) => `${folder}/models/spare.onnx`);
  const builtin = runModel(() => `${ROOT}/models/nanodet-g-int8.onnx`);
  await assertMinimal(full.manifest.inference("person"), full, {
    "ffi onnxruntime": [own, /^MODEL_RUNTIME: /],
    "read {config}/own.onnx": [own, /^MODEL_UNREADABLE: .*Requires read access/],
    "read {config}/models": [spare, /^MODEL_UNREADABLE: .*Requires read access/],
    "read {orion}/models": [builtin, /^MODEL_UNREADABLE: .*Requires read access/],
  });
});

Deno.test({
  name: "manifest: the publisher needs its broker's address and each of its TLS files",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    using folder = tempFolder();
    const { server, client } = await makeCertificates(folder);
    using full = product("full");
    for (const name of ["ca", "cert", "key"] as const) {
      Deno.copyFileSync(client[name], `${full.folder}/${name}.pem`);
    }
    const tls = { port: full.ports.broker, tls: server, clientCertificates: true };
    await using _broker = await Mosquitto.start(tls);
    const unreadable = (name: string) => new RegExp(`^BROKER_TLS: Cannot read mqtt.${name} `);
    await assertMinimal(full.manifest.publisher, full, {
      "net 127.0.0.1:broker": [publish, /^BROKER_UNREACHABLE: .*may not connect there/],
      "read {config}/ca.pem": [publish, unreadable("ca")],
      "read {config}/cert.pem": [publish, unreadable("cert")],
      "read {config}/key.pem": [publish, unreadable("key")],
    });
  },
});

Deno.test("manifest: the embedded broker needs its address to listen on", async () => {
  using embedded = product("embedded");
  const given = embedded.manifest.broker ?? assert.fail("no embedded broker");
  await assertMinimal(given, embedded, {
    "net 127.0.0.1:broker": [listen, /Requires net access to "127/],
  });
});

/** The error of the process before it starts without a permission. */
function lacking(key: string): RegExp {
  return new RegExp(`^error: ${RegExp.escape(key)} needs? to .* which was not granted$`);
}

/** What is wrong with the configuration, as far as may be seen. */
function unread(key: string): RegExp {
  return new RegExp(`^error: \\S+: ${RegExp.escape(key)}: cannot .*: it was not granted$`);
}

const ORION = lacking("Orion");
const LIBRARY = lacking("cameras[0].url");

const PROCESS_NEEDS: Readonly<Record<string, RegExp>> = {
  "read {orion}/src": ORION,
  "read {orion}/workers": ORION,
  "read {orion}/models": lacking("detectors[0].model"),
  "read {orion}/node_modules/onnxruntime-node": ORION,
  "read onnxruntime": ORION,
  "read avutil": ORION,
  "read avcodec": ORION,
  "read avformat": ORION,
  "read swscale": ORION,
  "read {config}/orion.yaml": /cannot read \S+orion\.yaml: it was not granted$/,
  "read {config}/own.onnx": unread("detectors[0].model"),
  "read {config}/models": lacking("models.folder"),
  "read {config}/clip.mp4": unread("cameras[2].url"),
  "read {config}/password": unread("mqtt.password.file"),
  "read {config}/token": unread("health.token.file"),
  "read {config}/ca.pem": unread("mqtt.ca"),
  "read {config}/cert.pem": unread("mqtt.cert"),
  "read {config}/key.pem": unread("mqtt.key"),
  "net 127.0.0.1:broker": lacking("mqtt.url"),
  "net 127.0.0.1:camera": lacking("cameras[0].url"),
  [`net ${REDIRECT_HOST}:redirect`]: lacking("cameras[0].allowRedirect"),
  "net 127.0.0.1:health": lacking("health.listen"),
  [`env ${VARIABLE}`]: new RegExp(`cameras\\[0\\]\\.url: .* ${VARIABLE} was not granted`),
  "env ORT_DISABLE_TELEMETRY": ORION,
  "env ORION_CONFIG": ORION,
  "ffi avutil": LIBRARY,
  "ffi avcodec": LIBRARY,
  "ffi avformat": lacking("cameras[1].url"),
  "ffi swscale": LIBRARY,
  "ffi onnxruntime": lacking("detectors[0].model"),
};

/** The flags of the launcher without one value; the flag itself goes with its last one. */
function flagsWithout(flags: readonly string[], { kind, value }: Value): string[] {
  const name = `--allow-${kind}=`;
  return flags.flatMap((flag) => {
    if (!flag.startsWith(name)) return [flag];
    const given = flag.slice(name.length).split(",");
    assert.ok(given.includes(value), `${flag} grants ${value}`);
    const rest = given.filter((one) => one !== value);
    return rest.length === 0 ? [] : [`${name}${rest.join(",")}`];
  });
}

/** Starts the product with these flags: it must report the error, name the flag, and end with 2. */
async function assertSays(
  of: Product,
  flags: readonly string[],
  { kind, label }: Value,
  says: RegExp,
): Promise<void> {
  const asked = label === "env ORION_CONFIG" ? ["check"] : ["run", "--config", of.config];
  const env = { ...of.env, ORION_CONFIG: of.config };
  await using orion = startDeno(flags, [`${ROOT}/main.ts`, ...asked], env);
  const { code } = await orion.exit();
  const said = orion.stderr.text();
  assert.match(said, new RegExp(says, "m"), `without ${label}`);
  assert.match(said, new RegExp(`^  → Add --allow-${kind}=`, "m"));
  assert.doesNotMatch(said, /defect/);
  assert.equal(code, 2, `without ${label}`);
}

Deno.test({
  name: "manifest: the process needs each of its permissions",
  ignore: ignoreWithout("libav"),
  async fn() {
    // Two at a time keep two cores busy; each has ports of its own.
    await Promise.all([0, 1].map(async (lane) => {
      using full = product("full");
      const flags = await shippedFlags(full);
      const values = valuesOf(full.manifest.process, full);
      assert.deepEqual(values.map(({ label }) => label).sort(), Object.keys(PROCESS_NEEDS).sort());
      for (const value of values.filter((_, index) => index % 2 === lane)) {
        const says = PROCESS_NEEDS[value.label] ?? assert.fail(value.label);
        await assertSays(full, flagsWithout(flags, value), value, says);
      }
    }));
  },
});
