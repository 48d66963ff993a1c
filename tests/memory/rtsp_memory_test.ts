/** The memory of an RTSP session, in a separate process, for various floods. */
import assert from "node:assert/strict";
import { Child } from "../support/system/children.ts";
import { ROOT } from "../support/system/files.ts";
import { freePortPair } from "../support/system/ports.ts";
import { FloodCamera } from "../support/cameras/flood_camera.ts";
import { type Flood, FLOODS } from "../support/cameras/floods.ts";
import { jsonLine, PATIENCE } from "../support/system/lines.ts";
import type { SessionMemory } from "../support/cameras/session_memory.ts";

/** Growth of the resident set. The largest unit takes 8 MiB, and compiled code 3. */
const MAX_GROWTH_MIB = 16;

/** Minimum duration and amount of a flood. */
const LEAST_MS = 500;
const LEAST_BYTES = 32 * 1024 * 1024;
const LEAST_DATAGRAM_BYTES = 256 * 1024;
/** Minimum number of bytes where sessions are short. */
const LEAST_SESSIONS = 2;
const LOOK_EVERY_MS = 20;
const PATIENCE_MS = 120_000 * PATIENCE;

/** The error of sessions that the client ends, while the camera keeps sending. */
const ENDINGS: Partial<Record<Flood, string>> = {
  headers: "STREAM_INVALID",
  "frames instead of an answer": "STREAM_TIMEOUT",
  "tracks without end": "STREAM_INVALID",
};

/** Plays a flood for a while and returns the reported memory of the process. */
async function measure(flood: Flood): Promise<SessionMemory> {
  const isOne = ENDINGS[flood] === undefined;
  const leastBytes = flood === "datagrams" ? LEAST_DATAGRAM_BYTES : LEAST_BYTES;
  await using camera = FloodCamera.start(flood);
  const udpPort = flood === "datagrams" ? freePortPair() : null;
  const hosts = [`127.0.0.1:${camera.port}`];
  if (udpPort !== null) hosts.push(`0.0.0.0:${udpPort}`, `0.0.0.0:${udpPort + 1}`, "127.0.0.1");
  await using child = new Child({
    name: `a session of ${flood}`,
    command: "sh",
    args: ["-c", 'exec "$0" "$@"', Deno.execPath(), "run", "--quiet", "--no-check", "--no-prompt"]
      .concat("--v8-flags=--expose-gc", `--allow-net=${hosts.join()}`)
      .concat(`${ROOT}/tests/support/cameras/session_memory.ts`, camera.url)
      .concat(udpPort === null ? [] : String(udpPort)),
  });
  await child.stdout.waitFor((line) => line === "playing");
  const since = child.stdout.all.indexOf("playing");
  // A track was selected.
  if (flood === "tracks") await child.stdout.waitFor((line) => line === "unit", { since });
  const startMs = performance.now();
  const isEnough = () =>
    performance.now() - startMs >= LEAST_MS &&
    (isOne ? camera.sentBytes >= leastBytes : camera.connections > LEAST_SESSIONS);
  while (!isEnough()) {
    assert.ok(child.running, `it has ended: ${child.stderr.text()}`);
    const isLate = performance.now() - startMs > PATIENCE_MS;
    assert.ok(!isLate, `${camera.sentBytes} bytes in ${camera.connections} connections`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  await child.say("stop");
  return parse(await child.stdout.waitFor((line) => line.startsWith("{")));
}

function parse(line: string): SessionMemory {
  const { peakMib, leftMib, units, endings } = jsonLine(line) ?? {};
  assert.ok(typeof peakMib === "number" && typeof leftMib === "number", line);
  assert.ok(typeof units === "number" && Array.isArray(endings), line);
  return { peakMib, leftMib, units, endings: endings.map(String) };
}

for (const flood of FLOODS) {
  Deno.test(`memory: an RTSP session stays below ${MAX_GROWTH_MIB} MiB with ${flood}`, async () => {
    const { peakMib, endings } = await measure(flood);
    assert.ok(peakMib < MAX_GROWTH_MIB, `it grew by ${peakMib.toFixed(1)} MiB`);
    const ending = ENDINGS[flood];
    if (ending !== undefined) assert.ok(endings.includes(ending), endings.join());
  });
}
