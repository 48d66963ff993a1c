/**
 * What reading and decoding a camera costs: CPU seconds per second of a 1280x720 H.264 stream at 25
 * frames a second with a keyframe every 2 s, for Orion's capture worker at several rates beside the
 * ffmpeg program that decodes and scales the same stream at the same rate, in one run.
 *
 *     deno run -A scripts/bench/stream_cpu.ts [SECONDS]     per measurement, 20 by default
 *
 * Orion's figure is a process of its own: the worker, the threads that libav reads on, those of V8; but
 * not the first thread, which stands in for a detector and takes each frame as a network's input. Needs ffmpeg and Linux's /proc.
 * It fails when a target is missed.
 */
import { total } from "../../src/core/accounts.ts";
import { CaptureRun } from "../../tests/support/capture_run.ts";
import { Child } from "../../tests/support/children.ts";
import { DEMO_CLIP } from "../../tests/support/files.ts";
import { HostileCamera } from "../../tests/support/hostile_camera.ts";
import { jsonLine } from "../../tests/support/lines.ts";
import { programPath } from "../../tests/support/parts.ts";
import { type RawClip, rawClip } from "../../tests/support/rtp_h264.ts";

/** Until the keyframes are known, and the compiler of JavaScript is done. */
const WARM_UP_SECONDS = 25;

/** At most this part of what the ffmpeg program spends. */
const TARGETS = [
  { rateHz: 0.5, most: 0.25 },
  { rateHz: 1, most: 0.6 },
  { rateHz: 5, most: 1 },
  { rateHz: 10, most: 1 },
  { rateHz: 25, most: 1 },
] as const;

interface Measured {
  readonly cpu: number;
  readonly note: string;
}

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

/** CPU seconds of a process so far, all its threads or all but the first. */
function cpuSeconds(pid: number, withFirst: boolean): number {
  let nanoseconds = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    if (!withFirst && name === String(pid)) continue;
    nanoseconds += Number(
      Deno.readTextFileSync(`/proc/${pid}/task/${name}/schedstat`).split(" ")[0],
    );
  }
  return nanoseconds / 1e9;
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/** CPU seconds per second of a process, once it runs evenly. */
async function measure(pid: number, seconds: number, withFirst = true): Promise<number> {
  const before = cpuSeconds(pid, withFirst);
  const startedAtMs = performance.now();
  await pause(seconds);
  return (cpuSeconds(pid, withFirst) - before) * 1000 / (performance.now() - startedAtMs);
}

/** This file as the child that is measured: one camera until its input ends. */
async function camera(url: string, rateHz: number): Promise<void> {
  await using run = new CaptureRun({ source: { url }, detectors: [{ id: "taker", rateHz }] });
  await run.further(1);
  say(JSON.stringify({ event: "ready" }));
  let before = await run.snapshot();
  let taken = run.frames.length;
  let sinceMs = performance.now();
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  for await (const _line of lines) {
    const now = await run.snapshot();
    const seconds = (performance.now() - sinceMs) / 1000;
    const undecoded = total(now.account.undecoded) - total(before.account.undecoded);
    const decoded = now.account.decoded - before.account.decoded;
    say(JSON.stringify({
      event: "account",
      level: now.decodeLevel,
      decodedPerSecond: decoded / seconds,
      undecodedPerSecond: undecoded / seconds,
      takenPerSecond: (run.frames.length - taken) / seconds,
      corrupt: now.account.corrupt,
    }));
    before = now;
    taken = run.frames.length;
    sinceMs = performance.now();
  }
}

async function orion(url: string, rateHz: number, seconds: number): Promise<Measured> {
  const args = ["run", "--quiet", "-A", import.meta.filename ?? "", "--camera", url];
  await using child = new Child({
    name: "capture",
    command: Deno.execPath(),
    args: [...args, String(rateHz)],
  });
  const told = (event: string, since: number) =>
    child.stdout.waitFor((text) => jsonLine(text)?.["event"] === event, { since, what: event });
  await told("ready", 0);
  await pause(WARM_UP_SECONDS);
  const ask = async () => {
    const since = child.stdout.all.length;
    await child.say("account");
    return jsonLine(await told("account", since));
  };
  await ask();
  const cpu = await measure(child.pid, seconds, false);
  const account = await ask();
  const number = (name: string) => Number(account?.[name] ?? NaN).toFixed(2);
  return {
    cpu,
    note: `${account?.["level"]}: ${number("decodedPerSecond")} decoded, ` +
      `${number("takenPerSecond")} taken a second, ${account?.["corrupt"]} corrupt`,
  };
}

/** The ffmpeg program: decodes, takes frames at the rate, scales them, writes raw RGB to nowhere. */
async function ffmpeg(url: string, rateHz: number, seconds: number): Promise<Measured> {
  await using child = new Child({
    name: "ffmpeg",
    command: programPath("ffmpeg") ?? "ffmpeg",
    args: ["-v", "error", "-threads", "1", "-rtsp_transport", "tcp", "-i", url]
      .concat(["-vf", `fps=${rateHz},scale=416:234:flags=bilinear`, "-pix_fmt", "rgb24"])
      .concat(["-f", "rawvideo", "-y", "/dev/null"]),
  });
  await pause(3);
  return { cpu: await measure(child.pid, seconds), note: "" };
}

/** The bundled clip's pictures with a keyframe every 2 s, as a camera sends them. */
async function twoSecondClip(): Promise<RawClip> {
  const { success, stdout } = await new Deno.Command(programPath("ffmpeg") ?? "ffmpeg", {
    args: ["-v", "error", "-i", DEMO_CLIP, "-c:v", "libx264", "-preset", "veryfast", "-bf", "0"]
      .concat(["-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-b:v", "2M"])
      .concat(["-bsf:v", "h264_metadata=aud=insert", "-f", "h264", "-"]),
  }).output();
  if (!success) throw new Error("the clip could not be made");
  return rawClip(stdout);
}

/** Each with a camera of its own, so that none inherits what another left behind. */
async function played(clip: RawClip, use: (url: string) => Promise<Measured>): Promise<Measured> {
  await using server = HostileCamera.start({ clip });
  return await use(server.url);
}

async function main(): Promise<void> {
  const seconds = Number(Deno.args[0] ?? 20);
  const clip = await twoSecondClip();
  say("CPU seconds per second of a 1280x720 H.264 stream, 25 frames a second, keyframe every 2 s");
  say(
    `${"".padEnd(9)}${"ffmpeg".padStart(8)}${"Orion".padStart(8)}${"ratio".padStart(8)}  at most`,
  );
  let missed = 0;
  for (const { rateHz, most } of TARGETS) {
    const reference = await played(clip, (url) => ffmpeg(url, rateHz, seconds));
    const own = await played(clip, (url) => orion(url, rateHz, seconds));
    const ratio = own.cpu / reference.cpu;
    if (ratio > most) missed++;
    const cells = [reference.cpu.toFixed(3), own.cpu.toFixed(3), ratio.toFixed(2)];
    const text = cells.map((cell) => cell.padStart(8)).join("");
    say(`${`${rateHz} Hz`.padEnd(9)}${text}  ${most.toFixed(2)}  ${own.note}`);
  }
  if (missed > 0) Deno.exit(1);
}

if (import.meta.main) {
  if (Deno.args[0] === "--camera") await camera(Deno.args[1] ?? "", Number(Deno.args[2]));
  else await main();
}
