/**
 * The cost of reading and decoding a camera: CPU seconds per second of a 1280x720 H.264 stream at 25 fps with a
 * keyframe every 2 s (the clip of two people), for Orion's capture worker at several rates and for the ffmpeg
 * program that decodes and scales the same stream at the same rate, in one run.
 *
 *     deno task bench scripts/bench/stream_cpu.ts [SECONDS [CLIP]]   per measurement, 20 by default
 *
 * Orion's figure is that of all threads of this process but the first, which simulates the camera and a
 * detector: the capture worker, libav's reading threads, V8's threads. It is measured in the worker's steady
 * state, since cameras run for months. Needs ffmpeg and Linux's /proc. Fails when a target is missed.
 */
import { total } from "../../src/core/accounts.ts";
import { systemClock } from "../../src/core/clock.ts";
import { CaptureRun } from "../../tests/support/cameras/capture_run.ts";
import { Child } from "../../tests/support/system/children.ts";
import { TWO_PEOPLE_CLIP } from "../../tests/support/system/files.ts";
import { HostileCamera } from "../../tests/support/cameras/hostile_camera.ts";
import { programPath } from "../../tests/support/system/parts.ts";
import { type RawClip, rawClip } from "../../tests/support/cameras/rtp_h264.ts";
import { printLine } from "../lib/print.ts";

/** Until V8 has compiled all hot code: measured as a minute and a half. */
const WARM_UP_SECONDS = 100;
/** After a change of rate, until the due times have aligned with the keyframes. */
const SETTLE_SECONDS = 12;

/** Targets relative to the ffmpeg program. */
const TARGETS = [
  { rateHz: 0.5, most: 0.25 },
  { rateHz: 1, most: 0.6 },
  { rateHz: 5, most: 1 },
  { rateHz: 10, most: 1 },
  { rateHz: 25, most: 1 },
] as const;

const CONSUMER = "consumer";

/**
 * CPU seconds of a process so far, of all its threads or all but the first. Read by a shell: Deno reads /proc
 * only with all permissions.
 */
async function cpuSeconds(pid: number, withFirst: boolean): Promise<number> {
  const { stdout } = await new Deno.Command("sh", {
    args: [
      "-c",
      'cd /proc/"$0"/task && for t in *; do read -r a _ < "$t"/schedstat; echo "$t $a"; done',
    ]
      .concat([String(pid)]),
  }).output();
  let nanoseconds = 0;
  for (const line of new TextDecoder().decode(stdout).trim().split("\n")) {
    const [thread, spent] = line.split(" ");
    if (withFirst || thread !== String(pid)) nanoseconds += Number(spent);
  }
  return nanoseconds / 1e9;
}

/** CPU seconds per second of a process. */
async function measure(pid: number, seconds: number, withFirst = true): Promise<number> {
  const before = await cpuSeconds(pid, withFirst);
  const startedAtMs = performance.now();
  await systemClock.sleep(seconds * 1000);
  return (await cpuSeconds(pid, withFirst) - before) * 1000 / (performance.now() - startedAtMs);
}

interface Measured {
  readonly own: number;
  readonly ffmpeg: number;
  readonly note: string;
}

/** Measures both concurrently, each with its own camera, under the same conditions. */
async function sideBySide(
  run: CaptureRun,
  url: string,
  { rateHz, seconds }: { readonly rateHz: number; readonly seconds: number },
): Promise<Measured> {
  await using child = ffmpeg(url, rateHz);
  run.rate(CONSUMER, rateHz);
  await systemClock.sleep(SETTLE_SECONDS * 1000);
  const before = await run.report();
  const taken = run.frames.length;
  const [own, other] = await Promise.all([
    measure(Deno.pid, seconds, false),
    measure(child.pid, seconds),
  ]);
  const { account, decodeLevel } = await run.report();
  const perSecond = (count: number) => (count / seconds).toFixed(2);
  const note = `${decodeLevel}: ${perSecond(account.decoded - before.account.decoded)} decoded, ` +
    `${perSecond(total(account.undecoded) - total(before.account.undecoded))} undecoded, ` +
    `${perSecond(run.frames.length - taken)} delivered per second, ${account.corrupt} corrupt`;
  return { own, ffmpeg: other, note };
}

/** The ffmpeg program: decodes, selects frames at the rate, scales them, discards raw RGB. */
function ffmpeg(url: string, rateHz: number): Child {
  return new Child({
    name: "ffmpeg",
    command: programPath("ffmpeg") ?? "ffmpeg",
    args: ["-v", "error", "-threads", "1", "-rtsp_transport", "tcp", "-i", url]
      .concat(["-vf", `fps=${rateHz},scale=416:234:flags=bilinear`, "-pix_fmt", "rgb24"])
      .concat(["-f", "rawvideo", "-y", "/dev/null"]),
  });
}

/** The pictures of a clip, not re-encoded. */
async function cameraClip(path: string): Promise<RawClip> {
  const { success, stdout } = await new Deno.Command(programPath("ffmpeg") ?? "ffmpeg", {
    args: ["-v", "error", "-i", path, "-c:v", "copy"]
      .concat(["-bsf:v", "h264_mp4toannexb,h264_metadata=aud=insert", "-f", "h264", "-"]),
  }).output();
  if (!success) throw new Error(`${path} holds no H.264 that can be played`);
  return rawClip(stdout);
}

async function main(): Promise<void> {
  const seconds = Number(Deno.args[0] ?? 20);
  const clip = await cameraClip(Deno.args[1] ?? TWO_PEOPLE_CLIP);
  printLine(
    "CPU seconds per second of a 1280x720 H.264 stream, 25 frames a second, keyframe every 2 s",
  );
  printLine(
    `${"".padEnd(9)}${"ffmpeg".padStart(8)}${"Orion".padStart(8)}${"ratio".padStart(8)}  at most`,
  );
  await using server = HostileCamera.start({ clip });
  await using run = new CaptureRun({
    source: { url: server.url },
    detectors: [{ id: CONSUMER, rateHz: null }],
  });
  await run.further(1);
  await systemClock.sleep(WARM_UP_SECONDS * 1000);
  let missed = 0;
  for (const { rateHz, most } of TARGETS) {
    await using other = HostileCamera.start({ clip });
    const { own, ffmpeg, note } = await sideBySide(run, other.url, { rateHz, seconds });
    const ratio = own / ffmpeg;
    if (ratio > most) missed++;
    const cells = [ffmpeg.toFixed(4), own.toFixed(4), ratio.toFixed(2)];
    const text = cells.map((cell) => cell.padStart(8)).join("");
    printLine(`${`${rateHz} Hz`.padEnd(9)}${text}  ${most.toFixed(2)}  ${note}`);
  }
  if (missed > 0) Deno.exitCode = 1;
}

if (import.meta.main) await main();
