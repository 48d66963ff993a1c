/** `orion probe URL`: what a camera sends, before it is configured. */
import { resolve } from "node:path";
import { systemClock } from "../core/clock.ts";
import { UsageError } from "../core/errors.ts";
import { EXIT } from "../core/exit.ts";
import { parseCameraUrl } from "../config/urls.ts";
import { locateLibav } from "../libav/locate.ts";
import type { ProbeResult } from "../service/probe.ts";
import type { Invocation } from "./args.ts";
import type { Host } from "./host.ts";

type ProbeArgs = Extract<Invocation, { command: "probe" }>;

/** The bundled clip that `demo:` stands for. */
const DEMO_CLIP = "assets/demo.mp4";

/**
 * Opens the stream and prints what is known of it.
 * @throws OrionError why it cannot be opened; without a credential
 */
export async function runProbe(args: ProbeArgs, host: Host): Promise<number> {
  const parsed = parseCameraUrl(args.url);
  if (!parsed.ok) {
    throw new UsageError(`Cannot probe this address: ${parsed.message}`, parsed.remedy);
  }
  const { kind, file: named } = parsed.value;
  const file = kind === "demo"
    ? `${host.root}/${DEMO_CLIP}`
    : named === null
    ? null
    : resolve(host.folder, named);
  const { probe } = await import("../service/probe.ts");
  const result = await probe({
    url: file === null ? args.url : `file:${file}`,
    file,
    transport: args.transport,
    libraries: locateLibav(),
    clock: systemClock,
  });
  host.out(args.json ? `${JSON.stringify(result, null, 2)}\n` : text(result));
  return EXIT.done;
}

function text(result: ProbeResult): string {
  const known = (value: number | null, unit: string) =>
    value === null ? "not known" : `${value}${unit}`;
  const rows: readonly (readonly [string, string])[] = [
    ["codec", result.codec],
    ["size", `${result.width}x${result.height}, ${result.pixelFormat}`],
    ["frame rate", known(result.fps, " a second")],
    ["keyframes", known(result.keyframeIntervalSeconds, " s apart")],
    ["transport", result.transport],
    ["decoders", `${result.decoders.join(", ")} (FFmpeg ${result.libav})`],
  ];
  return rows.map(([name, value]) => `${`${name}:`.padEnd(13)}${value}\n`).join("");
}
