/** A capture worker on a faulty camera that plays the pattern clip: checks the delivered frames. */
import assert from "node:assert/strict";
import type { CameraSource, CaptureReport } from "../../../../src/core/camera_types.ts";
import { CaptureRun } from "../capture_run.ts";
import { assertCloses } from "../../streams/ledger.ts";
import { PATTERN_SIZE, patternClip, readPattern } from "../../clips/pattern.ts";
import { UdpDrops } from "../udp_drops.ts";
import type { FaultyCamera } from "./camera.ts";
import type { CameraClip } from "./clip.ts";
import { fixedInput } from "../../models/inputs.ts";

/** H.264 whose pictures encode their number and expected contents, with a keyframe every ten pictures. */
export async function patternCameraClip(
  pictures: number,
  more: readonly string[] = [],
): Promise<CameraClip> {
  const encoder = ["-bf", "0", "-g", "10", "-sc_threshold", "0", ...more];
  return { codec: "h264", ...await patternClip(pictures, encoder) };
}

/** Watches a camera: `await using watch = new PatternWatch(camera)`. */
export class PatternWatch implements AsyncDisposable {
  readonly run: CaptureRun;
  /** The numbers of the delivered pictures. */
  readonly numbers: number[] = [];
  /** The delivered pictures with damaged contents. */
  damaged = 0;
  readonly #camera: FaultyCamera;
  /** The local ports for UDP. */
  readonly #drops: Promise<UdpDrops> | null;

  /** @param source  default URL: the camera's, with credentials if it requires them */
  constructor(camera: FaultyCamera, source: Partial<CameraSource> = {}) {
    this.#camera = camera;
    this.#drops = (source.transport ?? "tcp") === "tcp" ? null : UdpDrops.start();
    const url = camera.behaviour.auth.scheme === "none" ? camera.url : camera.login();
    this.run = new CaptureRun({
      source: { url, stallTimeoutMs: 5000, ...source },
      detectors: [{
        id: "reader",
        rateHz: null,
        input: fixedInput(PATTERN_SIZE),
        onFrame: ({ size }, tensor) => {
          // Not the pattern clip: only the account can be checked.
          if (size.width !== PATTERN_SIZE.width || size.height !== PATTERN_SIZE.height) return;
          const { number, wrong } = readPattern(tensor);
          this.numbers.push(number);
          if (wrong > 0) this.damaged++;
        },
      }],
    });
  }

  /** Waits for `count` more pictures. */
  async pictures(count: number, timeoutMs?: number): Promise<void> {
    await this.run.further(count, timeoutMs);
  }

  /** Stops, and asserts what holds for any fault: the ledger closes, no picture is damaged. */
  async stop(): Promise<CaptureReport> {
    const report = await this.run.stop();
    assertCloses(report.account);
    assert.equal(this.damaged, 0, "damaged pictures reached the detector");
    return report;
  }

  /**
   * Stops, and asserts that one connection delivered every picture undamaged, except pictures with datagrams
   * that the kernel dropped on a busy machine.
   * @param corrupt  pictures that may have been skipped as corrupt
   */
  async assertUndisturbed(corrupt = 0): Promise<CaptureReport> {
    const { states } = this.run;
    const report = await this.stop();
    assert.equal(this.#camera.log.connections.length, 1, JSON.stringify(states));
    const dropped = await this.dropped();
    const left = report.account.corrupt;
    assert.ok(left <= corrupt || dropped > 0, `${left} pictures were skipped as corrupt`);
    const lost = report.network?.lostPackets ?? Infinity;
    assert.ok(lost <= dropped, `${lost} packets are said to be lost`);
    return report;
  }

  /** At least the number of datagrams that the kernel dropped so far; 0 over TCP. */
  async dropped(): Promise<number> {
    return await (await this.#drops)?.count() ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#drops;
    await this.run[Symbol.asyncDispose]();
  }
}
