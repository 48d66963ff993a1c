import assert from "node:assert/strict";
import type { Host } from "../../../src/cli/host.ts";
import { VERSION } from "../../../src/core/version.ts";
import { ROOT } from "../../support/system/files.ts";
import { cli } from "./rig.ts";

Deno.test("cli: --version and --help print to standard output and exit with 0", async () => {
  assert.deepEqual(await cli(["--version"]), { code: 0, out: `orion ${VERSION}\n`, err: "" });
  const help = await cli(["--help"]);
  assert.equal(help.code, 0);
  for (const word of ["run", "check", "permissions", "--config"]) {
    assert.ok(help.out.includes(word));
  }
  for (const command of ["run", "check", "probe", "permissions"]) {
    assert.match((await cli([command, "--help"])).out, new RegExp(`Usage: orion ${command}`));
  }
});

Deno.test("cli: bad usage is one error with a remedy, exit code 2, and nothing on standard output", async () => {
  const { code, out, err } = await cli(["run", "--confg", "x"]);
  assert.equal(code, 2);
  assert.equal(out, "");
  assert.equal(err, 'error: Unknown option --confg\n  → Did you mean "--config"?\n');
});

Deno.test("cli: run with a log of JSON reports what keeps it from starting as events", async () => {
  const files = { "/c.yaml": "cameras: [{ id: a, url: 'http://u:hunter22@h', zoom: 2 }]" };
  const args = ["run", "--log-format", "json", "--config", "/c.yaml"];
  const { code, out, err } = await cli(args, { files });
  assert.deepEqual([code, out], [2, ""]);
  assert.doesNotMatch(err, /hunter/);
  const events = err.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(
    events.map((
      { level, event, file, path, line, code },
    ) => [level, event, file ?? code, path, line]),
    [
      ["error", "config.problem_found", "/c.yaml", "cameras[0].url", 1],
      ["error", "config.problem_found", "/c.yaml", "cameras[0].zoom", 1],
      ["error", "service.failed", "CONFIG", undefined, undefined],
    ],
  );
  assert.ok(events.every(({ remedy, message }) => remedy !== "" && message !== ""));
});

Deno.test("cli: --unpack is refused where nothing is unpacked", async () => {
  const { code, err } = await cli(["--unpack"]);
  assert.equal(code, 2);
  assert.match(err, /^error: --unpack is for the compiled program\n/);
});

Deno.test("cli: a relative path of a configuration is resolved against the current folder", async () => {
  const files = { "/home/me/a.yaml": "cameras: [{ id: a, url: 'demo:', zoom: 2 }]" };
  const { code, err } = await cli(["check", "--config", "a.yaml"], { files });
  assert.equal(code, 2);
  assert.match(err, /^error: \/home\/me\/a\.yaml:1: cameras\[0\]\.zoom: "zoom" is not a key/);
});

Deno.test("cli: permissions are printed as a table, as JSON and as flags", async () => {
  const table = await cli(["permissions"]);
  assert.equal(table.code, 0);
  assert.match(table.out, /^Configuration: none \(the demo\)/);
  assert.match(table.out, /capture demo:[^]*no read, write, net, env, (ffi, )?run, sys/);
  const json: unknown = JSON.parse((await cli(["permissions", "--json"])).out);
  assert.ok(json !== null && typeof json === "object" && "parts" in json && "flags" in json);
  const flags = (await cli(["permissions", "--flags"])).out.trim().split("\n");
  assert.deepEqual(flags, json.flags);
});

Deno.test("cli: the flags for an invalid command line only permit reading Orion's own files", async () => {
  const { code, out } = await cli(["permissions", "--flags", "--", "run", "--nonsense"]);
  assert.equal(code, 0);
  assert.ok(!out.includes("--allow-net") && !out.includes("--allow-ffi"), out);
});

/** The flags of a probe by permission. */
async function probeFlags(...words: string[]): Promise<ReadonlyMap<string, string>> {
  const { out } = await cli(["permissions", "--flags", "--", "probe", ...words]);
  return new Map(
    [...out.matchAll(/^--allow-(\w+)=(.*)$/gm)].map(([, kind = "", of = ""]) => [kind, of]),
  );
}

Deno.test("cli: a probe may connect to its camera but not load libavformat, unless libav demuxes", async () => {
  const own = await probeFlags("rtsp://192.0.2.7:8554/x");
  assert.equal(own.get("net"), "192.0.2.7:8554");
  assert.ok(!own.get("ffi")?.includes("avformat"), String(own.get("ffi")));
  const tls = await probeFlags("rtsps://cam.lan/x", "--insecure");
  assert.equal(tls.get("net"), "cam.lan:322");
  const udp = await probeFlags("rtsp://192.0.2.7/x", "--transport", "auto");
  assert.equal(udp.get("net"), "0.0.0.0:61998,0.0.0.0:61999,192.0.2.7");
  for (const words of [["rtsp://192.0.2.7/x", "--demuxer", "libav"], ["file:x.mp4"], ["demo:"]]) {
    const flags = await probeFlags(...words);
    assert.equal(flags.get("net"), undefined, words.join(" "));
    // Absent where libav is not installed.
    assert.ok(flags.get("ffi")?.includes("avformat") ?? own.get("ffi") === undefined);
  }
});

Deno.test("cli: a probe's address may come from standard input or from a variable", async () => {
  const url = "rtsp://u:hunter2@192.0.2.7:8554/x";
  const flags = async (words: string[], world: Parameters<typeof cli>[1]) => {
    const { code, out } = await cli(["permissions", "--flags", "--", "probe", ...words], world);
    assert.equal(code, 0);
    assert.ok(!out.includes("hunter2"), out);
    return out;
  };
  assert.match(await flags(["-"], { input: url }), /^--allow-net=192\.0\.2\.7:8554$/m);
  const named = await flags(["--env", "CAM"], { env: { CAM: url } });
  assert.match(named, /^--allow-net=192\.0\.2\.7:8554$/m);
  assert.match(named, /^--allow-env=.*\bCAM\b/m);
  for (
    const [words, says] of [
      [["-"], /Standard input holds no address/],
      [["--env", "CAM"], /variable CAM is not set/],
    ] as const
  ) {
    const { code, err } = await cli(["probe", ...words]);
    assert.equal(code, 2);
    assert.match(err, says);
  }
  const { err } = await cli(["probe", "-"], { input: "rtsp://u:hunter2@@192.0.2.7/x" });
  assert.match(err, /Cannot probe this address/);
  assert.ok(!err.includes("hunter2"), err);
});

Deno.test("cli: an address in place of a command is not printed", async () => {
  const { code, err } = await cli(["rtsp://u:hunter2@192.0.2.7/live/hunter3"]);
  assert.equal(code, 2);
  assert.ok(!/hunter|live/.test(err), err);
});

Deno.test("cli: an option of probe that contradicts its address is refused", async () => {
  const refused: readonly (readonly [words: string, says: RegExp])[] = [
    ["demo: --track 0", /--track: has no meaning for file: and demo:/],
    ["file:x.mp4 --transport udp", /--transport: has no meaning/],
    ["rtsp://h/x --insecure", /--insecure: is used with rtsps:\/\/ only/],
    ["rtsps://h/x --transport auto", /--transport: rtsps:/],
    ["rtsp://h/x --demuxer libav --track 1", /--track: is not supported with demuxer: libav/],
    [`rtsps://h/x --insecure --fingerprint sha256:${"0".repeat(64)}`, /--insecure: .*fingerprint/],
  ];
  for (const [words, says] of refused) {
    const { code, out, err } = await cli(["probe", ...words.split(" ")]);
    assert.deepEqual([code, out], [2, ""], words);
    assert.match(err, says);
    assert.match(err, /\n {2}→ Remove --\w+\.\n$/);
  }
});

Deno.test("cli: the flags for an invalid configuration permit reading every file it names", async () => {
  const files = {
    "/home/me/orion.yaml": "instence: ${A}\ncameras: [{ id: a, url: 'file:/v/x.mp4' }]\n" +
      "health: { token: { file: /s/t } }",
  };
  const { code, out } = await cli(["permissions", "--flags", "--", "check"], { files });
  assert.equal(code, 0);
  for (const path of ["/home/me/orion.yaml", "/v/x.mp4", "/s/t"]) {
    assert.ok(out.includes(path), out);
  }
  assert.match(out, /--allow-env=A,ORION_CONFIG,ORT_DISABLE_TELEMETRY\n/);
  assert.ok(!out.includes("--allow-net") && !out.includes("--allow-ffi"), out);
});

Deno.test("cli: no flag holds a value of the environment", async () => {
  const files = { "/home/me/orion.yaml": "cameras: [{ id: a, url: 'rtsp://u:${P}@h/s' }]" };
  const { out } = await cli(["permissions", "--flags"], { files, env: { P: "hunter2" } });
  assert.ok(
    out.includes("--allow-env=ORION_CONFIG,ORT_DISABLE_TELEMETRY,P") && !out.includes("hunter2"),
    out,
  );
});

const DISTANT = {
  "/home/me/orion.yaml": "cameras: [{ id: a, url: 'rtsp://cam.lan/s' }]\nhealth: { listen: off }\n",
};

Deno.test("cli: a missing permission is named before anything starts, with its key and its flag", async () => {
  const isGranted: Host["isGranted"] = (_, value) => value !== "cam.lan:554";
  for (const command of ["run", "check"]) {
    const { code, out, err } = await cli([command], { files: DISTANT, isGranted });
    assert.deepEqual([code, out], [2, ""]);
    assert.equal(
      err,
      "error: cameras[0].url needs to connect to or listen on cam.lan:554, which was not granted\n" +
        "  → Add --allow-net=cam.lan:554, or start it through scripts/orion.sh, which computes the flags.\n",
    );
  }
});

Deno.test("cli: a variable that is not granted is not reported as unset", async () => {
  const files = { "/home/me/orion.yaml": "cameras: [{ id: a, url: 'rtsp://u:${P}@cam.lan/s' }]" };
  const isGranted: Host["isGranted"] = (kind, value) => kind !== "env" || value !== "P";
  const { code, err } = await cli(["run"], { files, isGranted });
  assert.equal(code, 2);
  assert.match(err, /^error: \S+:1: cameras\[0\]\.url: the environment variable P was not granted/);
  assert.match(err, /\n {2}→ Add --allow-env=P, or /);
});

Deno.test("cli: a compiled program prints the baked-in flags beside the required ones", async () => {
  const flags = "--no-prompt\n--allow-net=10.0.0.0/8\n";
  const world = {
    files: { ...DISTANT, [`${ROOT}/baked_flags.txt`]: flags },
    isCompiled: true,
  };
  const isGranted: Host["isGranted"] = (_, value) => value !== "cam.lan:554";
  const lacks = await cli(["permissions"], { ...world, isGranted });
  assert.equal(lacks.code, 0);
  assert.ok(
    lacks.out.endsWith(
      "\nBaked into this program:\n  --no-prompt\n  --allow-net=10.0.0.0/8\n\n" +
        "Needed and not baked in:\n  --allow-net=cam.lan:554\n",
    ),
    lacks.out,
  );
  const json = JSON.parse((await cli(["permissions", "--json"], { ...world, isGranted })).out);
  assert.deepEqual(json.lacking, ["--allow-net=cam.lan:554"]);
  assert.match((await cli(["permissions"], world)).out, /\nNothing that is needed is missing\.\n$/);
  assert.doesNotMatch((await cli(["permissions"], { files: DISTANT })).out, /[Bb]aked/);
});
