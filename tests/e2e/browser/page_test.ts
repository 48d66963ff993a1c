/** The page, in a browser, over the whole product. */
import assert from "node:assert/strict";
import { z } from "zod";
import { type InferenceMessage, inferences, Schemas } from "../../support/brokers/messages.ts";
import { RtspServer } from "../../support/cameras/rtsp_server.ts";
import { runOrion } from "../../support/product/process.ts";
import { asReport } from "../../support/product/report.ts";
import { Rig } from "../../support/product/rig.ts";
import { drawn, openView } from "../../support/product/page.ts";
import { Browser, type Tab } from "../../support/system/browser.ts";
import { tempFolder, TWO_PEOPLE_CLIP } from "../../support/system/files.ts";
import { ignoreWithout } from "../../support/system/parts.ts";

const ignore = ignoreWithout("libav", "mosquitto", "gst-rtsp-server", "chromium");
const DETECTORS =
  "detectors: [{ id: person, model: builtin:person-int8, rateHz: 3, classes: [person] }]";
/** The page's clock is stopped at a time that it cannot have passed by then. */
const AHEAD_MS = 60_000;
const shownSchema = z.object({ seq: z.number(), boxes: z.array(z.string()) });

/** The picture that a tile shows, and the boxes that are drawn on it, at one moment. */
async function shown({ page }: Tab, camera: string) {
  await page.waitForSelector(drawn(camera));
  return shownSchema.parse(
    await page.evaluate(`(() => {
      const picture = document.querySelector(${JSON.stringify(drawn(camera))});
      return {
        seq: Number(picture?.dataset.seq),
        boxes: [...picture?.querySelectorAll(".box") ?? []].map((box) => box.dataset.box),
      };
    })()`),
  );
}

/** What the broker got of a picture. */
async function published(rig: Rig, camera: string, seq: number): Promise<InferenceMessage> {
  const { json: _, ...message } = await rig.subscriber.waitFor(
    ({ topic, json }) =>
      topic === `orion/test/inferences/${camera}/person` && seqOf(json?.["frame"]) === seq,
    { what: `the inference of picture ${seq}` },
  );
  return inferences([{ ...message, json: null }], new Schemas())[0] ?? assert.fail();
}

function seqOf(frame: unknown): unknown {
  return typeof frame === "object" && frame !== null && "seq" in frame ? frame.seq : null;
}

/** Drags on the picture from one point to another, in fractions of it. */
async function drag({ page }: Tab, from: readonly [number, number], to: readonly [number, number]) {
  const stage = await page.locator("[data-testid=stage]").boundingBox() ?? assert.fail();
  const at = ([x, y]: readonly [number, number]) =>
    [stage.x + x * stage.width, stage.y + y * stage.height] as const;
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at([(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]));
  await page.mouse.move(...at(to));
  await page.mouse.up();
}

/** Camera `gate` in a report. */
function gateIn(report: unknown) {
  return asReport(report).cameras.find(({ id }) => id === "gate") ?? assert.fail("no gate");
}

/** Does something to the page and waits for a report whose camera `gate` has what it leads to. */
async function applied(
  rig: Rig,
  act: () => Promise<void>,
  test: (gate: ReturnType<typeof gateIn>) => boolean,
): Promise<void> {
  const since = rig.subscriber.messages.length;
  await act();
  await rig.subscriber.waitFor(
    ({ topic, json }) => topic === "orion/test/health" && test(gateIn(json)),
    { since, what: "a report with what was set" },
  );
}

Deno.test({
  name:
    "page: it shows every camera with the boxes of exactly the picture, and draws what is applied",
  ignore,
  async fn() {
    await using gate = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
    await using yard = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
    const cameras = (more: string) =>
      `cameras:\n  - id: gate\n    url: ${gate.url}\n${more}  - { id: yard, url: "${yard.url}" }\n`;
    await using rig = await Rig.start({ config: `${cameras("")}${DETECTORS}` });
    await rig.firstInference("gate");
    await rig.firstInference("yard");
    await using browser = await Browser.start();
    await using tab = await browser.tab();
    const { page } = tab;
    await openView(tab, rig, "live");
    for (const camera of ["gate", "yard"]) {
      const { seq, boxes } = await shown(tab, camera);
      const { detections } = await published(rig, camera, seq);
      const expected = detections.map(({ box: { x, y, width, height } }) =>
        [x, y, width, height].join(" ")
      );
      assert.deepEqual(boxes, expected, `picture ${seq} of ${camera}`);
    }

    await openView(tab, rig, "aim/gate");
    await page.waitForSelector(".picture:has(.box)");
    await page.getByRole("button", { name: "Zone", exact: true }).click();
    const since = rig.subscriber.messages.length;
    await drag(tab, [0.02, 0.03], [0.98, 0.97]);
    await rig.subscriber.waitFor(
      ({ topic, json }) =>
        topic === "orion/test/occupancy/gate/zone-1" && json?.["occupied"] === true,
      { since, what: "the occupancy of the zone that was drawn" },
    );
    await page.waitForSelector(".shapes .source.changed");
    const yaml = await page.locator("pre[data-yaml=camera]").textContent() ?? assert.fail();
    await page.getByRole("button", { name: "Copy YAML" }).first().click();
    assert.equal(await page.evaluate("navigator.clipboard.readText()"), yaml);
    await assertSameAfterRestart(rig, cameras(yaml));

    const corner = page.getByRole("button", { name: /^zone zone-1, corner 1 of 4/ });
    await corner.focus();
    const leftIs = (left?: number) => ({ presence: { zones } }: ReturnType<typeof gateIn>) =>
      zones[0]?.polygon[0]?.[0] === left;
    // While the page's clock stands still, the keys follow one another at once: they are one change.
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + AHEAD_MS);
    for (let key = 0; key < 5; key++) await page.keyboard.press("ArrowRight");
    await applied(rig, () => page.clock.resume(), leftIs(0.07));
    const undo = page.getByRole("button", { name: "Undo" });
    for (const left of [0.02, undefined]) {
      await applied(rig, () => undo.click(), leftIs(left));
    }
    assert.deepEqual(tab.problems, []);
    assert.deepEqual(tab.requests.filter((url) => !isOwn(url, rig)), []);
    assert.equal(await rig.stop(), 0);
  },
});

/** Asserts that `check` accepts a configuration and that it gives the zones that are in force. */
async function assertSameAfterRestart(rig: Rig, cameras: string): Promise<void> {
  using folder = tempFolder();
  const file = folder.write(
    "orion.yaml",
    `instance: test\n${cameras}${DETECTORS}\nmqtt: { url: ${rig.broker.url} }\nhealth: { listen: off }\n`,
  );
  const { code, stderr } = await runOrion(["check", "--config", file]);
  assert.equal(code, 0, stderr);
  const zonesOf = async (one: Rig) => gateIn((await one.get("/status")).body).presence.zones;
  const zones = await zonesOf(rig);
  assert.equal(zones.length, 1);
  await using again = await Rig.start({ config: `${cameras}${DETECTORS}` });
  await again.online("gate");
  assert.deepEqual(await zonesOf(again), zones);
  assert.equal(await again.stop(), 0);
}

function isOwn(url: string, rig: Rig): boolean {
  return url.startsWith(`${rig.httpUrl}/`) || url.startsWith("blob:") || url.startsWith("data:");
}

Deno.test({
  name:
    "page: a change of the rate and a camera that goes offline are said in words, with the remedy",
  ignore,
  async fn() {
    await using gate = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
    await using rig = await Rig.start({
      config: `cameras: [{ id: gate, url: "${gate.url}" }]\n${DETECTORS}`,
    });
    await rig.firstInference("gate");
    await using browser = await Browser.start();
    await using tab = await browser.tab();
    const { page } = tab;
    await openView(tab, rig, "aim/gate");
    const rate = page.getByRole("slider", { name: "Rate" });
    await rate.focus();
    await applied(
      rig,
      () => page.keyboard.press("ArrowLeft"),
      (gate) => gate.ledger.detectors[0]?.rateHz === 2,
    );
    await page.getByText("2 pictures/s", { exact: true }).waitFor();
    await page.getByText(/^changed /).waitFor();
    await page.getByText("rateHz: 2").waitFor();

    await openView(tab, rig, "live");
    await page.waitForSelector(drawn("gate"));
    // From now on no report reaches the page: what it says of the camera came with the event.
    const answered = Promise.withResolvers<void>();
    await page.route("**/status", async (route) => {
      await answered.promise;
      await route.continue().catch(() => undefined);
    });
    await gate[Symbol.asyncDispose]();
    const [{ json }] = await Promise.all([
      rig.subscriber.waitFor(
        ({ topic, json }) =>
          topic === "orion/test/cameras/gate/status" && json?.["reason"] === "STREAM_REFUSED",
        { what: "the state of the camera" },
      ),
      page.getByText("The camera refuses the connection.").waitFor(),
      page.waitForSelector(".tile.offline .picture.old"),
    ]);
    assert.equal(json?.["state"], "offline");
    answered.resolve();
    assert.equal(await rig.stop(), 0);
  },
});

Deno.test({
  name: "page: with a token one logs in and out, and no address carries the token",
  ignore: ignoreWithout("libav", "mosquitto", "chromium"),
  async fn() {
    const token = "a-token-that-is-long-enough-0123456789";
    await using rig = await Rig.start({
      config: `cameras: [{ id: gate, url: "file:${TWO_PEOPLE_CLIP}", loop: true }]\n${DETECTORS}`,
      health: `  token: ${token}`,
    });
    await rig.firstInference("gate");
    await using browser = await Browser.start();
    await using tab = await browser.tab();
    const { page } = tab;
    await page.goto(rig.httpUrl);
    const field = page.getByLabel("Token");
    await field.fill("another-token-0123456789-0123456789");
    assert.deepEqual(await tab.violations(), []);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("the token is not the configured one").waitFor();
    await field.fill(token);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForSelector(drawn("gate"));
    await page.reload();
    await page.waitForSelector(drawn("gate"));
    await page.setViewportSize({ width: 360, height: 740 });
    const cut =
      "((name) => name.scrollWidth - name.clientWidth)(document.querySelector('.instance'))";
    assert.equal(await page.evaluate(cut), 0, "a phone shows the whole name of the instance");
    await page.getByRole("button", { name: "Log out" }).click();
    await field.waitFor();
    await page.reload();
    await field.waitFor();
    // The service answers before the page is painted.
    await page.addInitScript(
      "requestAnimationFrame = () => 0; const later = setTimeout;" +
        "setTimeout = (act, ms) => later(act, ms < 200 ? 5000 : ms);",
    );
    await page.reload();
    await field.waitFor();
    assert.deepEqual(tab.requests.filter((url) => url.includes(token)), []);
    // A browser reports each answer of 401 in its console: of the page before the login, and of the wrong token.
    assert.deepEqual(tab.problems.filter((problem) => !problem.includes("401")), []);
    assert.equal(await rig.stop(), 0);
  },
});
