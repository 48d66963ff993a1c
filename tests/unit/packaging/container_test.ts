/** The image: what it is made from, what it may do at its start, and that all of it is in the portable folder. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { EXTRAS } from "../../../scripts/lib/portable.ts";
import { walk } from "../../../scripts/testing/checkout.ts";
import { loadSettings } from "../../../src/config/load.ts";
import { parseCommandLine } from "../../../src/cli/args.ts";
import { ROOT } from "../../support/system/files.ts";
import { LIBC } from "../../../packaging/container/programs.ts";
import { needsOf } from "../../../packaging/container/start.ts";
import { startFlags } from "../../../packaging/home-assistant-addon/orion/app/main.ts";

const read = (path: string) => Deno.readTextFileSync(`${ROOT}/${path}`);
const FILES = {
  image: read("packaging/Containerfile"),
  app: read("packaging/home-assistant-addon/orion/Dockerfile"),
};

/** The words of an instruction in its exec form, which needs no shell. */
function words(file: string, instruction: string): string[] {
  const list = new RegExp(`^${instruction}.*?(\\[.*\\])$`, "m").exec(file)?.[1];
  return JSON.parse(list ?? assert.fail(instruction));
}

Deno.test("container: bases are named with their registry and a release of Debian, and the end is from scratch", () => {
  for (const file of Object.values(FILES)) {
    const bases = [...file.matchAll(/^FROM (?:--platform=\S+ )?(\S+)/gm)].map(([, base]) => base);
    const given = /^ARG DEBIAN=(\S+)$/m.exec(file)?.[1];
    assert.deepEqual(
      bases.map((base) => base === "${DEBIAN}" ? given : base),
      ["docker.io/library/debian:trixie-slim", "scratch"],
    );
  }
  const { services, ...others } = parse(read("packaging/compose.yaml"));
  assert.deepEqual(Object.keys(others), ["secrets"], "docker-compose 1.29 refuses a name");
  for (const [name, value] of Object.entries<string>(services.orion.environment)) {
    assert.ok(!value.includes(name), "podman-compose 1.3 fills in no variable of the same name");
  }
  assert.match(services.mosquitto.image, /^docker\.io\/library\/eclipse-mosquitto:\d+$/);
});

Deno.test("container: a builder that knows no machines builds for its own", () => {
  // Docker's classic one: empty where there is no default.
  for (const [all] of FILES.image.matchAll(/^(?!#).*\b(?:BUILDPLATFORM|TARGETARCH)\b.*$/gm)) {
    assert.match(all, /\$\{(?:BUILDPLATFORM|TARGETARCH):-|^ARG TARGETARCH$/);
  }
});

Deno.test("container: Orion's user is none of the system, its root read-only, its privileges none", () => {
  assert.match(FILES.image, /^USER 10001:10001$/m);
  const { orion } = parse(read("packaging/compose.yaml")).services;
  assert.deepEqual([orion.read_only, orion.cap_drop, orion.user], [true, ["ALL"], "10001:10001"]);
  assert.deepEqual(orion.security_opt, ["no-new-privileges:true"]);
  const services: Record<string, { ports: string[] }> =
    parse(read("packaging/compose.yaml")).services;
  for (const { ports } of Object.values(services)) {
    for (const port of ports) {
      assert.match(port, /^127\.0\.0\.1:/, "published on this machine alone");
    }
  }
});

Deno.test("container: the app starts Orion as the image does, with its own folders", () => {
  const [program, ...flags] = words(FILES.image, "ENTRYPOINT");
  assert.equal(program, "/opt/orion/bin/deno");
  const but = (list: readonly string[]) => list.filter((flag) => !flag.startsWith("--allow-read="));
  assert.deepEqual(but(startFlags()), but(flags));
  assert.ok(flags.includes(`--allow-ffi=${LIBC}`));
  assert.deepEqual(words(FILES.app, "HEALTHCHECK"), words(FILES.image, "HEALTHCHECK"));
});

Deno.test("container: what the image and its page use is packed into the portable folder", () => {
  const packed = new Set(Object.values(EXTRAS));
  for (const path of walk(ROOT, "packaging/container")) assert.ok(packed.has(path), path);
  const used = Object.values(FILES).flatMap((file) =>
    [...file.matchAll(/\/(?:opt\/orion|portable)\/(packaging\/[\w./-]+)/g)].map(([, path = ""]) =>
      path
    )
  );
  assert.ok(used.length >= 4, used.join());
  for (const path of used) assert.ok(packed.has(path), path);
});

Deno.test("container: the example's configuration is valid", () => {
  const { cameras, mqtt, health } = loadSettings({
    path: "/etc/orion/orion.yaml",
    root: ROOT,
    env: (name) => name === "CAMERA_URL" ? "demo:" : undefined,
    readText: (path) =>
      path.startsWith("/run/secrets/")
        ? "a-secret-of-some-length"
        : read("packaging/container/example/orion.yaml"),
    modeOf: () => ({ bits: 0o400, uid: 10001 }),
  });
  assert.deepEqual([cameras.length, mqtt.username], [1, "orion"]);
  assert.equal(health.listen?.hostname, "0.0.0.0");
});

Deno.test("container: the first program asks for the variables and files that the command line names", () => {
  assert.deepEqual(needsOf(parseCommandLine(["probe", "--env", "CAMERA"])), {
    env: ["CAMERA"],
    read: [],
  });
  assert.deepEqual(needsOf(parseCommandLine(["--help"])), { env: [], read: [] });
  assert.deepEqual(needsOf(null), { env: [], read: [] }, "the last program reports what is wrong");
  assert.deepEqual(needsOf(parseCommandLine(["init", "rtsp://192.0.2.1/"])), { env: [], read: [] });
  for (const command of ["probe", "init"]) {
    assert.throws(() => needsOf(parseCommandLine([command, "-"])), /needs a shell/);
  }
  const config = `${ROOT}/packaging/container/example/orion.yaml`;
  assert.deepEqual(needsOf(parseCommandLine(["run", "--config", config])), {
    env: ["CAMERA_URL"],
    read: [config],
  });
  const missing = parseCommandLine([
    "check",
    "--config",
    `${ROOT}/none.yaml`,
    "--env-file",
    "/e/f",
  ]);
  assert.deepEqual(needsOf(missing), { env: [], read: [`${ROOT}/none.yaml`, "/e/f"] });
});
