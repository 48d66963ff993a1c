/**
 * The cost of a camera: CPU seconds per second of stream, in one run on the clip of two people over RTSP, for Orion at
 * several rates and for the ffmpeg program that decodes and scales the same stream to raw frames.
 *
 *     deno task bench scripts/bench/rtsp_cpu.ts [SECONDS]     per measurement, 20 by default
 *
 * Orion's figures are those of the whole process, inference included, and separately of the threads that read
 * and decode. Needs mosquitto, GStreamer's RTSP server, and Linux's /proc.
 */
import { systemClock } from "../../src/core/clock.ts";
import { percentile } from "../../src/health/stats_log.ts";
import { TWO_PEOPLE_CLIP } from "../../tests/support/system/files.ts";
import { inferences, Schemas } from "../../tests/support/brokers/messages.ts";
import { programPath } from "../../tests/support/system/parts.ts";
import { Rig } from "../../tests/support/product/rig.ts";
import { RtspServer } from "../../tests/support/cameras/rtsp_server.ts";
import { secondsIn } from "../lib/proc.ts";

const RATES_HZ = [1, 5, 25] as const;

interface CpuSeconds {
  readonly process: number;
  /** The capture worker. */
  readonly capture: number;
}

/**
 * CPU seconds so far of a process, and of the thread of its newest worker. Read by a shell: Deno reads /proc
 * only with all permissions.
 */
async function cpuSeconds(pid: number): Promise<CpuSeconds> {
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", 'cat /proc/"$0"/stat /proc/"$0"/task/*/stat', `${pid}`],
    stderr: "null",
  }).output();
  const [process = "", ...threads] = new TextDecoder().decode(stdout).trim().split("\n");
  let capture = 0;
  let newest = -1;
  for (const thread of threads) {
    // Deno names workers in the order of their start; cameras are the last.
    const index = Number(/\(worker-(\d+)\)/.exec(thread)?.[1] ?? -1);
    if (index <= newest) continue;
    newest = index;
    capture = secondsIn(thread);
  }
  return { process: secondsIn(process), capture };
}

interface Row {
  readonly name: string;
  readonly cpuPerSecond: number;
  readonly capturePerSecond: number | null;
  readonly totalMs: readonly number[];
}

/** Orion on one camera, in its steady state. */
async function orion(url: string, rateHz: number, seconds: number): Promise<Row> {
  await using rig = await Rig.start({
    config: [
      `cameras: [{ id: gate, url: "${url}" }]`,
      `detectors: [{ id: person, model: builtin:person, rateHz: ${rateHz}, classes: [person] }]`,
    ].join("\n"),
  });
  await rig.firstInference("gate");
  await systemClock.sleep(2_000);
  const skip = rig.subscriber.messages.length;
  const before = await cpuSeconds(rig.orion.pid);
  const startedAtMs = performance.now();
  await systemClock.sleep(seconds * 1000);
  const after = await cpuSeconds(rig.orion.pid);
  const spent = (performance.now() - startedAtMs) / 1000;
  const totalMs = inferences(rig.subscriber.messages.slice(skip), new Schemas())
    .map(({ timing }) => timing["totalMs"] ?? NaN).sort((a, b) => a - b);
  await rig.stop();
  return {
    name: `Orion at ${rateHz} Hz`,
    cpuPerSecond: (after.process - before.process) / spent,
    capturePerSecond: (after.capture - before.capture) / spent,
    totalMs,
  };
}

/** The ffmpeg program: decodes every frame, scales to the model's input, discards raw RGB. */
async function ffmpeg(url: string, rateHz: number | null, seconds: number): Promise<Row> {
  const rate = rateHz === null ? "" : `fps=${rateHz},`;
  const child = new Deno.Command(programPath("ffmpeg") ?? "ffmpeg", {
    args: ["-v", "error", "-threads", "1", "-rtsp_transport", "tcp", "-i", url]
      .concat(["-vf", `${rate}scale=416:234:flags=bilinear`, "-pix_fmt", "rgb24"])
      .concat(["-f", "rawvideo", "-y", "/dev/null"]),
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await systemClock.sleep(3_000);
    const before = await cpuSeconds(child.pid);
    const startedAtMs = performance.now();
    await systemClock.sleep(seconds * 1000);
    const spent = (performance.now() - startedAtMs) / 1000;
    const used = (await cpuSeconds(child.pid)).process - before.process;
    const name = rateHz === null ? "ffmpeg, every frame" : `ffmpeg at ${rateHz} Hz`;
    return { name, cpuPerSecond: used / spent, capturePerSecond: null, totalMs: [] };
  } finally {
    child.kill("SIGTERM");
    await child.status;
  }
}

function line(row: Row, reference: number): string {
  const cells = [
    row.name.padEnd(20),
    row.cpuPerSecond.toFixed(3).padStart(12),
    (row.cpuPerSecond / reference).toFixed(2).padStart(9),
    (row.capturePerSecond?.toFixed(3) ?? "-").padStart(12),
    (row.capturePerSecond === null ? "-" : (row.capturePerSecond / reference).toFixed(2))
      .padStart(9),
    String(percentile(row.totalMs, 0.5) ?? "-").padStart(9),
    String(percentile(row.totalMs, 0.99) ?? "-").padStart(9),
  ];
  return `${cells.join("")}\n`;
}

/** A server per measurement: it serves no clients after the last one has left. */
async function withCamera(measure: (url: string) => Promise<Row>): Promise<Row> {
  await using camera = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
  return await measure(camera.url);
}

async function main(): Promise<void> {
  const seconds = Number(Deno.args[0] ?? 20);
  const reference = await withCamera((url) => ffmpeg(url, null, seconds));
  const rows = [reference];
  for (const rateHz of RATES_HZ) rows.push(await withCamera((url) => orion(url, rateHz, seconds)));
  const write = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(text));
  write(
    "CPU seconds per second of a 1280x720 H.264 stream at 25 frames a second, over RTSP\n" +
      `${"".padEnd(20)}${"process".padStart(12)}${"ratio".padStart(9)}${"capture".padStart(12)}` +
      `${"ratio".padStart(9)}${"p50 ms".padStart(9)}${"p99 ms".padStart(9)}\n`,
  );
  for (const row of rows) write(line(row, reference.cpuPerSecond));
}

if (import.meta.main) await main();
