/** A capture worker on a faulty camera that plays the pattern clip: what it is given, picture by picture. */
import assert from "node:assert/strict";
import type { CameraSource, CaptureReport } from "../../../../src/core/camera_types.ts";
import { CaptureRun } from "../capture_run.ts";
import { assertCloses } from "../../streams/ledger.ts";
import { PATTERN_SIZE, patternClip, readPattern } from "../../clips/pattern.ts";
import { UdpDrops } from "../udp_drops.ts";
import type { FaultyCamera } from "./camera.ts";
import type { CameraClip } from "./clip.ts";

/** H.264 in which each picture says which it is and what it must look like, a keyframe each ten. */
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
  /** The numbers of the pictures that were taken. */
  readonly numbers: number[] = [];
  /** Of those the ones that did not look as they were drawn. */
  damaged = 0;
  readonly #camera: FaultyCamera;
  /** Where it may receive datagrams. */
  readonly #drops: Promise<UdpDrops> | null;

  /** @param source  the URL is the camera's, with its credentials where it asks for some */
  constructor(camera: FaultyCamera, source: Partial<CameraSource> = {}) {
    this.#camera = camera;
    this.#drops = (source.transport ?? "tcp") === "tcp" ? null : UdpDrops.start();
    const url = camera.behaviour.auth.scheme === "none" ? camera.url : camera.login();
    this.run = new CaptureRun({
      source: { url, stallTimeoutMs: 5000, ...source },
      detectors: [{
        id: "reader",
        rateHz: null,
        input: { ...PATTERN_SIZE, bars: 0.5 },
        onFrame: ({ size }, tensor) => {
          // Another clip than the pattern: only the account can be looked at.
          if (size.width !== PATTERN_SIZE.width || size.height !== PATTERN_SIZE.height) return;
          const { number, wrong } = readPattern(tensor);
          this.numbers.push(number);
          if (wrong > 0) this.damaged++;
        },
      }],
    });
  }

  /** Waits for so many pictures more. */
  async pictures(count: number, timeoutMs?: number): Promise<void> {
    await this.run.further(count, timeoutMs);
  }

  /** Stops, and asserts what holds whatever the camera did: the ledger closes, no picture was damaged. */
  async stop(): Promise<CaptureReport> {
    const report = await this.run.stop();
    assertCloses(report.account);
    assert.equal(this.damaged, 0, "damaged pictures reached the detector");
    return report;
  }

  /**
   * Stops, and asserts that it was one connection from which every picture came whole: but for those of
   * datagrams that the kernel dropped, where the machine was too busy.
   * @param corrupt  pictures that may have been left out as damaged
   */
  async assertUndisturbed(corrupt = 0): Promise<CaptureReport> {
    const { states } = this.run;
    const report = await this.stop();
    assert.equal(this.#camera.log.connections.length, 1, JSON.stringify(states));
    const dropped = await this.dropped();
    const left = report.account.corrupt;
    assert.ok(left <= corrupt || dropped > 0, `${left} pictures were left out as damaged`);
    const lost = report.network?.lostPackets ?? Infinity;
    assert.ok(lost <= dropped, `${lost} packets are said to be lost`);
    return report;
  }

  /** At least so many datagrams as the kernel dropped so far; over TCP it drops none. */
  async dropped(): Promise<number> {
    return await (await this.#drops)?.count() ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#drops;
    await this.run[Symbol.asyncDispose]();
  }
}
