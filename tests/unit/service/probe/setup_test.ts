/** Looking at a camera that is not configured yet: who may, how often, and what is answered. */
import assert from "node:assert/strict";
import { logTo } from "../../../../src/core/log.ts";
import type { FromProbe, ProbeResult, ToProbe } from "../../../../src/core/probe_types.ts";
import type { SetupJson } from "../../../../src/health/probe_route.ts";
import type { Grant } from "../../../../src/permissions/grant.ts";
import {
  CameraSetup,
  PROBE_BURST,
  PROBE_LIMIT_MS,
  PROBES_PER_SECOND,
} from "../../../../src/service/probe/setup.ts";
import { MAX_ABANDONED_PER_WORKER } from "../../../../src/service/supervision/abandoned_threads.ts";
import { HeldClock, settle } from "../../../support/clocks/held_clock.ts";
import { FakeThreads } from "../../../support/workers/fake_threads.ts";
import { FAULT, LIBRARIES, settingsOf } from "../../../support/workers/service_parts.ts";

const URL = "rtsp://zquviewer:zqpsecret@192.0.2.10:554/zqtpath?password=zqpsecret";
const HIDDEN = /zqu|zqp|zqt/;
const RESULT: ProbeResult = {
  schema: "orion.probe/1",
  codec: "h264",
  ...{ width: 1280, height: 720, codedWidth: 1280, codedHeight: 720, rotation: 0 },
  ...{ mirrored: false, sampleAspectRatio: 1, pixelFormat: "yuv420p", fps: 25 },
  ...{ keyframeIntervalSeconds: 2, transport: "tcp", track: null, tracks: [], fingerprint: null },
  ...{ decoders: ["h264"], libav: "5.x" },
};
const PROBED: FromProbe = {
  kind: "probed",
  result: RESULT,
  picture: Uint8Array.of(0xff, 0xd8).buffer,
};

/** @param granted  the addresses that this process may connect to */
function rig({ granted = ["192.0.2.10:554"], isCompiled = false, yaml = "" } = {}) {
  const clock = new HeldClock();
  const hanging = { count: 0 };
  const threads = new FakeThreads<ToProbe, FromProbe>();
  const grants: Grant[] = [];
  const logged: string[] = [];
  const settings = settingsOf(`cameras: [{ id: camera-1, url: "rtsp://192.0.2.9" }]\n${yaml}`);
  const setup = new CameraSetup({
    settings,
    places: {
      root: "/opt/orion",
      libav: LIBRARIES,
      onnxruntime: { binding: "/onnx", folder: "/" },
    },
    spawn: (grant) => {
      grants.push(grant);
      return threads.spawn;
    },
    abandoned: () => hanging.count,
    isGranted: (kind, value) => kind !== "net" || granted.includes(value),
    isCompiled,
    clock,
    log: logTo((record) => logged.push(JSON.stringify(record))),
  });
  const look = async (url = URL, id: string | null = null) => {
    const answer = await setup.look({ url, id });
    assert.doesNotMatch(JSON.stringify([answer, logged]), HIDDEN);
    return answer;
  };
  return { clock, hanging, threads, grants, logged, setup, look };
}

function answered(answer: Awaited<ReturnType<CameraSetup["look"]>>): SetupJson {
  return "schema" in answer ? answer : assert.fail(answer.code);
}

function codeOf(answer: Awaited<ReturnType<CameraSetup["look"]>>): string {
  return "schema" in answer ? answer.problem?.code ?? "none" : answer.code;
}

Deno.test("setup: a camera is looked at by a thread that may connect to it alone", async () => {
  const { threads, grants, logged, look } = rig();
  const looking = look(URL, "gate");
  await settle();
  const thread = threads.newest();
  const [{ url, confinement } = assert.fail()] = thread.of("probe");
  assert.equal(url, URL);
  assert.deepEqual(confinement?.ports, [554]);
  assert.equal(confinement.resolves, false);
  assert.deepEqual(grants.map(({ net, read, env, run }) => ({ net, read, env, run })), [
    { net: ["192.0.2.10:554"], read: [], env: [], run: [] },
  ]);
  thread.emit(PROBED);
  const answer = answered(await looking);
  assert.equal(thread.isTerminated, true);
  assert.deepEqual(answer, {
    schema: "orion.setup/1",
    address: "rtsp://192.0.2.10:554",
    stream: RESULT,
    picture: "/9g=",
    problem: null,
    flags: [],
    yaml: [
      '  - id: "gate"',
      '    url: "${GATE_URL}" # h264 1280x720, 25 pictures a second, a keyframe every 2 s',
      "",
    ].join("\n"),
    variable: "GATE_URL",
    file: "/etc/orion/orion.yaml",
    commands: { probe: "deno task probe -", check: "deno task check", run: "deno task run" },
  });
  assert.equal(logged.length, 1);
  assert.match(logged[0] ?? "", /stream\.probed.*rtsp:\/\/192\.0\.2\.10:554/);
});

Deno.test("setup: without the permission it names what is missing, and gives the lines all the same", async () => {
  const { threads, look } = rig({ granted: [] });
  const answer = answered(await look());
  assert.equal(threads.all.length, 0);
  assert.deepEqual(answer.flags, ["--allow-net=192.0.2.10:554"]);
  assert.equal(answer.problem?.code, "PERMISSIONS");
  assert.match(answer.problem?.remedy ?? "", /--allow-net=192\.0\.2\.10:554/);
  assert.match(answer.yaml, /^ {2}- id: "camera-2"\n/);
  assert.equal(answer.stream, null);
  const compiled = answered(await rig({ granted: [], isCompiled: true }).look());
  assert.match(compiled.problem?.remedy ?? "", /compile it for this configuration/);
  assert.equal(compiled.commands.probe, "orion probe -");
});

Deno.test("setup: a camera that cannot be opened is answered with the reason, and the lines", async () => {
  const { threads, look } = rig();
  const looking = look();
  await settle();
  threads.newest().fail({ ...FAULT, message: `Cannot open ${URL}: zqpsecret /zqtpath` });
  const answer = answered(await looking);
  assert.equal(answer.problem?.code, "FAULT");
  assert.deepEqual([answer.stream, answer.picture, answer.flags], [null, null, []]);
  assert.match(answer.yaml, /GATE|CAMERA/);
});

Deno.test("setup: a thread that does not answer is ended, and the next camera is looked at", async () => {
  const { clock, threads, look } = rig();
  const looking = look();
  await settle();
  await clock.pass(PROBE_LIMIT_MS - 1);
  assert.equal(codeOf(await look()), "PROBE_BUSY");
  await clock.pass(1);
  assert.equal(codeOf(await looking), "STREAM_TIMEOUT");
  assert.equal(threads.newest().isTerminated, true);
  const again = look();
  await settle();
  threads.newest().emit(PROBED);
  assert.equal(codeOf(await again), "none");
});

Deno.test("setup: so many at once, and then one in ten seconds; what is no camera takes no turn", async () => {
  const { clock, look } = rig({ granted: [] });
  for (const url of ["demo:", "file:/etc/passwd", "http://192.0.2.10", "rtsp://", "zqpsecret"]) {
    assert.equal(codeOf(await look(url)), "PROBE_ADDRESS", url);
  }
  for (let count = 0; count < PROBE_BURST; count++) {
    assert.equal(codeOf(await look()), "PERMISSIONS");
  }
  assert.equal(codeOf(await look()), "PROBE_TOO_OFTEN");
  await clock.pass(1_000 / PROBES_PER_SECOND);
  assert.equal(codeOf(await look()), "PERMISSIONS");
  assert.equal(codeOf(await look()), "PROBE_TOO_OFTEN");
});

Deno.test("setup: while threads of earlier cameras hang, no other is started", async () => {
  const { hanging, threads, look } = rig();
  hanging.count = MAX_ABANDONED_PER_WORKER;
  assert.equal(codeOf(await look()), "PROBE_BUSY");
  assert.equal(threads.all.length, 0);
  hanging.count--;
  const looking = look();
  await settle();
  threads.newest().emit(PROBED);
  assert.equal(codeOf(await looking), "none");
});

Deno.test("setup: the end of the service ends what is being looked at", async () => {
  const { threads, setup, look } = rig();
  const looking = look();
  await settle();
  setup.close();
  assert.equal(codeOf(await looking), "STREAM_TIMEOUT");
  assert.equal(threads.newest().isTerminated, true);
  assert.equal(codeOf(await look()), "PROBE_STOPPING");
});

Deno.test("setup: native code is confined as the configuration says", async () => {
  for (const [landlock, required] of [["off", null], ["required", true]] as const) {
    const { threads, look } = rig({ yaml: `confinement: { landlock: ${landlock} }` });
    const looking = look();
    await settle();
    assert.equal(threads.newest().of("probe")[0]?.confinement?.required ?? null, required);
    threads.newest().emit(PROBED);
    await looking;
  }
});
