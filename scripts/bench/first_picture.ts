/**
 * How long the page takes to show something: from the start of the navigation to the first picture with
 * boxes, with a browser that has no file of it yet, and one that has; and how much later than a subscriber
 * to MQTT the page says that a camera is offline.
 *
 *     deno task bench scripts/bench/first_picture.ts [TIMES]      10 by default
 *
 * Prints medians. Fails when the first picture takes more than a second. Needs chromium, mosquitto's
 * programs and python3 with GStreamer.
 */
import type { Page } from "playwright-core";
import { RtspServer } from "../../tests/support/cameras/rtsp_server.ts";
import { Rig } from "../../tests/support/product/rig.ts";
import { Browser } from "../../tests/support/system/browser.ts";
import { TWO_PEOPLE_CLIP } from "../../tests/support/system/files.ts";
import { printLine } from "../lib/print.ts";
import { median } from "./median.ts";

const MOST_MS = 1_000;
const WARM_UP_INFERENCES = 20;

/** Notes when the page first has each of these, in milliseconds since the navigation began. */
const WATCH = `(() => {
  const wanted = {
    app: "main",
    report: "[data-camera]",
    picture: '.picture:not([data-seq=""])',
    boxes: ".picture .box",
  };
  window.seenAtMs = {};
  const look = () => {
    for (const [name, selector] of Object.entries(wanted)) {
      if (!(name in window.seenAtMs) && document.querySelector(selector) !== null) {
        window.seenAtMs[name] = performance.now();
      }
    }
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, attributes: true });
})()`;

type Seen = Readonly<Record<"app" | "report" | "picture" | "boxes", number>>;

async function firstPicture(page: Page, url: string): Promise<Seen> {
  await page.goto(url, { waitUntil: "commit" });
  await page.locator(".picture .box").first().waitFor({ state: "attached" });
  return await page.evaluate<Seen>("window.seenAtMs");
}

function row(name: string, seen: readonly Seen[]): number {
  const cells = (["app", "report", "picture", "boxes"] as const)
    .map((key) => median(seen.map((one) => one[key])).toFixed(0).padStart(9));
  const slowest = Math.max(...seen.map(({ boxes }) => boxes)).toFixed(0).padStart(9);
  printLine(`${name.padEnd(22)}${cells.join("")}${slowest}`);
  return median(seen.map(({ boxes }) => boxes));
}

/** Ends a camera; milliseconds from the message of its state to the words on the page. */
async function offlineDelay(rig: Rig, page: Page, camera: RtspServer): Promise<number> {
  const said = page.getByText("The camera refuses the connection.").waitFor()
    .then(() => performance.now());
  const published = rig.subscriber.waitFor(
    // It is first offline because its stream has ended.
    ({ topic, json }) =>
      topic.endsWith("/cameras/yard/status") && json?.["reason"] === "STREAM_REFUSED",
    { what: "the state of the camera", since: rig.subscriber.messages.length },
  ).then(() => performance.now());
  await camera[Symbol.asyncDispose]();
  const [saidAtMs, publishedAtMs] = await Promise.all([said, published]);
  return saidAtMs - publishedAtMs;
}

async function main(): Promise<number> {
  const times = Number(Deno.args[0] ?? 10);
  await using camera = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
  await using rig = await Rig.start({
    config: [
      `cameras: [{ id: gate, url: "file:${TWO_PEOPLE_CLIP}", loop: true }, { id: yard, url: "${camera.url}" }]`,
      "detectors: [{ id: person, model: builtin:person-int8, rateHz: 5, classes: [person] }]",
    ].join("\n"),
  });
  await rig.inferences("gate", WARM_UP_INFERENCES);
  await rig.inferences("yard", 1);
  await using browser = await Browser.start();
  printLine(
    `${"ms".padEnd(22)}${
      ["app", "report", "picture", "boxes", "slowest"].map((head) => head.padStart(9)).join("")
    }`,
  );
  const fresh: Seen[] = [];
  const again: Seen[] = [];
  for (let time = 0; time < times; time++) {
    await using tab = await browser.tab();
    await tab.page.addInitScript(WATCH);
    fresh.push(await firstPicture(tab.page, rig.httpUrl));
    await tab.page.goto("about:blank");
    again.push(await firstPicture(tab.page, rig.httpUrl));
  }
  const slowest = Math.max(row("without its files", fresh), row("with its files", again));
  await using tab = await browser.tab();
  await tab.page.goto(rig.httpUrl);
  await tab.page.locator(".picture .box").first().waitFor({ state: "attached" });
  const delayMs = await offlineDelay(rig, tab.page, camera);
  printLine(`a camera goes offline: on the page ${delayMs.toFixed(0)} ms after the subscriber`);
  await rig.stop();
  return slowest > MOST_MS ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main());
