/** Compares what `orion permissions` prints with Deno's own record of a run: they must be the same. */
import assert from "node:assert/strict";
import { GRANT_KINDS } from "../../src/permissions/grant.ts";
import { ROOT, type TempFolder, tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { makeCertificates, Mosquitto } from "../support/brokers/mosquitto.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { startDeno } from "../permissions/product.ts";
import { freePort, freePortPair } from "../support/system/ports.ts";
import { runOrion } from "../support/product/process.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";

const ignore = ignoreWithout("libav", "mosquitto");

type Grants = Readonly<Record<string, readonly string[]>>;

/** One access that was requested from Deno; some have no value. */
interface Access {
  readonly permission: string;
  readonly value: string | null;
}

function record(folder: TempFolder): Access[] {
  const lines = Deno.readTextFileSync(`${folder.path}/audit`).split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** A folder covers what lies below it, an address each of its ports. */
function covers(grant: string, { permission, value }: Access): boolean {
  const below = permission === "net" ? ":" : "/";
  return value === grant || (value?.startsWith(`${grant}${below}`) ?? false);
}

/** What is granted but never requested. */
function unused(granted: Grants, accesses: readonly Access[]): string[] {
  return GRANT_KINDS.flatMap((kind) =>
    (granted[kind] ?? []).filter((grant) =>
      !accesses.some((access) => access.permission === kind && covers(grant, access))
    ).map((grant) => `${kind} ${grant}`)
  );
}

/**
 * What was requested and refused, except for the known lookups. Variables are not refused but hidden.
 */
function refused(granted: Grants, accesses: readonly Access[], expected: RegExp): string[] {
  return accesses.filter(({ permission, value }) => permission !== "env" && value !== null)
    .filter((access) => !(granted[access.permission] ?? []).some((grant) => covers(grant, access)))
    .map(({ permission, value }) => `${permission} ${value}`)
    .filter((text) => !expected.test(text));
}

/** Known lookups that are refused: other releases of libav, and package folders further up. */
const LOOKS_AROUND = /^read \S+(\/lib\w+\.so\.\d+|\/node_modules)$/;

interface Case {
  readonly name: string;
  readonly broker: "embedded" | "plain" | "tls";
  /** Whether a camera is started, whose URL `yaml` gets. */
  readonly camera?: true;
  /** `brokerPort` is the port of the case's broker, started or not. */
  readonly yaml: (folder: TempFolder, brokerPort: number, cameraUrl: string) => string;
  readonly env?: Readonly<Record<string, string>>;
  /** The event after which every permission has been used. */
  readonly until: string;
}

/** Uses Orion's own models as the folder that `set_model` may load from. */
const DETECTOR = `detectors: [{ id: person, model: builtin:person-int8 }]
models: { folder: "${ROOT}/models" }
`;

const CASES: readonly Case[] = [
  {
    name: "the demo with the embedded broker",
    broker: "embedded",
    yaml: (_folder, brokerPort) =>
      `cameras: [{ id: demo, url: "demo:" }]\n${DETECTOR}` +
      `mqtt: { listen: "127.0.0.1:${brokerPort}" }\n` +
      `health: { listen: "127.0.0.1:${freePort()}" }\n`,
    until: "detections",
  },
  {
    name: "a TLS broker with a client certificate, and secrets in files",
    broker: "tls",
    yaml: (folder, brokerPort) => {
      for (const name of ["password", "token"]) {
        Deno.chmodSync(folder.write(name, "a-secret-of-some-length\n"), 0o600);
      }
      return `cameras: [{ id: demo, url: "demo:" }]\n${DETECTOR}` +
        `mqtt:\n  url: mqtts://127.0.0.1:${brokerPort}\n  username: u\n` +
        "  password: { file: password }\n  ca: ca.pem\n  cert: client.pem\n  key: client.key\n" +
        `health: { listen: "127.0.0.1:${freePort()}", token: { file: token } }\n`;
    },
    until: "detections",
  },
  {
    name: "a remote camera with a password in a variable, and no HTTP",
    broker: "plain",
    yaml: (_folder, brokerPort) =>
      `cameras: [{ id: gate, url: "rtsp://u:\${ORION_TEST_GATE}@127.0.0.1:${freePort()}/s" }]\n` +
      `${DETECTOR}mqtt: { url: "mqtt://127.0.0.1:${brokerPort}" }\nhealth: { listen: off }\n`,
    env: { ORION_TEST_GATE: "open-sesame" },
    until: "camera.failed",
  },
  {
    name: "a remote camera over UDP",
    broker: "plain",
    camera: true,
    yaml: (_folder, brokerPort, cameraUrl) =>
      `cameras: [{ id: gate, url: "${cameraUrl}", transport: udp, udpPort: ${freePortPair()} }]\n` +
      `${DETECTOR}mqtt: { url: "mqtt://127.0.0.1:${brokerPort}" }\nhealth: { listen: off }\n`,
    until: "detections",
  },
  {
    name: "a remote camera with libav as demuxer",
    broker: "plain",
    camera: true,
    yaml: (_folder, brokerPort, cameraUrl) =>
      `cameras: [{ id: gate, url: "${cameraUrl}", demuxer: libav }]\n` +
      `${DETECTOR}mqtt: { url: "mqtt://127.0.0.1:${brokerPort}" }\nhealth: { listen: off }\n`,
    until: "detections",
  },
  {
    name: "a camera in a file",
    broker: "plain",
    yaml: (folder, brokerPort) => {
      folder.write("clip.mp4", Deno.readFileSync(TWO_PEOPLE_CLIP));
      return `cameras: [{ id: clip, url: "file:clip.mp4" }]\n${DETECTOR}` +
        `mqtt: { url: "mqtt://127.0.0.1:${brokerPort}" }\n` +
        `health: { listen: "127.0.0.1:${freePort()}" }\n`;
    },
    until: "detections",
  },
];

/** The broker of a case, or null for the embedded one. */
async function brokerOf(one: Case, folder: TempFolder): Promise<Mosquitto | null> {
  if (one.broker === "embedded") return null;
  if (one.broker === "plain") return await Mosquitto.start();
  const { server } = await makeCertificates(folder);
  return await Mosquitto.start({ tls: server, clientCertificates: true });
}

for (const one of CASES) {
  Deno.test({
    name: `orion permissions: ${one.name}: it prints exactly the permissions that are used`,
    ignore: ignore || (one.camera === true && ignoreWithout("gst-rtsp-server")),
    async fn() {
      using folder = tempFolder();
      const broker = await brokerOf(one, folder);
      const camera = one.camera === true ? await RtspServer.start({ clip: TWO_PEOPLE_CLIP }) : null;
      try {
        const config = folder.write(
          "orion.yaml",
          one.yaml(folder, broker?.port ?? freePort(), camera?.url ?? ""),
        );
        const env = { ...one.env, ORION_CONFIG: config };
        const printed = await runOrion(["permissions", "--json"], { env });
        assert.equal(printed.code, 0, printed.stderr);
        const { parts, flags } = JSON.parse(printed.stdout);
        const granted: Grants = parts.process;

        // Without the launcher, whose first process would be recorded as well.
        const audit = { ...env, DENO_AUDIT_PERMISSIONS: `${folder.path}/audit` };
        await using orion = startDeno(flags, [`${ROOT}/main.ts`, "run"], audit);
        await orion.stderr.waitFor((line) => line.includes(` ${one.until} `), { what: one.until });
        orion.signal("SIGTERM");
        assert.equal((await orion.exit()).code, 0, orion.stderr.text());

        const accesses = record(folder);
        assert.deepEqual(unused(granted, accesses), []);
        assert.deepEqual(refused(granted, accesses, LOOKS_AROUND), []);
      } finally {
        await camera?.[Symbol.asyncDispose]();
        await broker?.[Symbol.asyncDispose]();
      }
    },
  });
}
