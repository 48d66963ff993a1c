/** A tab that is left open over a simulated night: what it and the server keep of it. */
import type { Page } from "playwright-core";
import type { FromWorker } from "../../../src/core/messages.ts";
import { ffmpeg } from "../clips/ffmpeg.ts";
import { Browser } from "../system/browser.ts";
import { SIMULATED_CAMERAS } from "./simulated_service.ts";
import type { SimulatedState, ToSimulated } from "./simulated_worker.ts";

/** A picture is shown within this time, or not before the next one. */
const SHOWN_MS = 1_000;
/** The views that are looked at between two measurements; the last one is measured. */
const VIEWS = ["figures", "stays", "aim/gate", "live"];

/** What is kept at one moment, once garbage is collected. */
export interface Kept {
  readonly minutes: number;
  /** Of the page's JavaScript. */
  readonly pageBytes: number;
  readonly domNodes: number;
  readonly listeners: number;
  /** Of the server's thread. */
  readonly serverBytes: number;
}

export interface NightParts {
  /** Of simulated time. */
  readonly minutes: number;
  /** Minutes from one measurement to the next. */
  readonly every: number;
  /** Simulated seconds that pass at once. */
  readonly step: number;
  /** Gets each measurement. */
  readonly onKept: (kept: Kept) => void;
}

/** Lets a night pass. @returns errors in the console of the page */
export async function pageNight({ minutes, every, step, onKept }: NightParts): Promise<string[]> {
  using service = new ServiceThread();
  const { url, atMs } = await service.ask({ kind: "start", jpeg: await picture() });
  await using browser = await Browser.start();
  await using tab = await browser.tab();
  const { page } = tab;
  await page.clock.install({ time: atMs });
  await page.goto(`${url}/#live`);
  const pass = async () => {
    const { seq } = await service.ask({ kind: "pass", seconds: step });
    await page.clock.runFor(step * 1000);
    return seq;
  };
  const devtools = await page.context().newCDPSession(page);
  const steps = Math.ceil(every * 60 / step / VIEWS.length);
  for (let passed = every; passed <= minutes; passed += every) {
    for (const view of VIEWS) {
      await page.evaluate(`location.hash = ${JSON.stringify(view)}`);
      for (let at = 0; at < steps; at++) {
        let seq = await pass();
        // A stream that begins has no picture before the next one.
        while (view === "live" && !await isShown(page, seq)) seq = await pass();
      }
    }
    tab.requests.length = 0;
    await devtools.send("HeapProfiler.collectGarbage");
    const { usedSize } = await devtools.send("Runtime.getHeapUsage");
    const { nodes, jsEventListeners } = await devtools.send("Memory.getDOMCounters");
    onKept({
      minutes: passed,
      pageBytes: usedSize,
      domNodes: nodes,
      listeners: jsEventListeners,
      serverBytes: (await service.ask({ kind: "collect" })).heapBytes,
    });
  }
  return tab.problems;
}

/** Whether a picture of each camera is shown, with its boxes. */
async function isShown(page: Page, seq: number): Promise<boolean> {
  const shown = SIMULATED_CAMERAS.map((camera) =>
    // A locator keeps no element, as a handle would.
    page.locator(`[data-camera=${camera}] .picture[data-seq="${seq}"] .box`)
      .waitFor({ timeout: SHOWN_MS, state: "attached" })
  );
  return (await Promise.allSettled(shown)).every(({ status }) => status === "fulfilled");
}

/** The service, in a thread of its own. */
class ServiceThread implements Disposable {
  readonly #worker = new Worker(new URL("./simulated_worker.ts", import.meta.url), {
    type: "module",
  });

  /** Asks for one thing at a time. */
  async ask(request: ToSimulated): Promise<SimulatedState> {
    const answer = Promise.withResolvers<SimulatedState>();
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker<SimulatedState>>) => {
      if (data.kind === "state") answer.resolve(data);
      else answer.reject(new Error(JSON.stringify(data)));
    };
    this.#worker.postMessage(request);
    return await answer.promise;
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

/** A JPEG of 640x360. */
async function picture(): Promise<Uint8Array<ArrayBuffer>> {
  const source = ["-f", "lavfi", "-i", "testsrc=size=640x360"];
  return await ffmpeg(...source, "-frames:v", "1", "-f", "mjpeg", "-");
}
