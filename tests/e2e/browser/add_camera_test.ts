/** A camera is added with the help of the page, over the whole product. */
import assert from "node:assert/strict";
import { RtspServer } from "../../support/cameras/rtsp_server.ts";
import { runOrion } from "../../support/product/process.ts";
import { Rig } from "../../support/product/rig.ts";
import { PASSWORD, tracesIn, USER } from "../../support/product/secrecy.ts";
import { Browser, type Tab } from "../../support/system/browser.ts";
import { tempFolder, TWO_PEOPLE_CLIP } from "../../support/system/files.ts";
import { ignoreWithout } from "../../support/system/parts.ts";

const ignore = ignoreWithout("libav", "mosquitto", "gst-rtsp-server", "chromium");

/** Has the page look at an address. */
async function look({ page }: Tab, url: string, id: string): Promise<void> {
  await page.getByLabel("Address of the camera").fill(url);
  await page.getByLabel("Name it").fill(id);
  await page.getByRole("button", { name: "Look at it" }).click();
}

/** Lines that the page gives to be copied. */
async function lines({ page }: Tab, name: string): Promise<string> {
  return await page.locator(`pre[data-yaml=${name}]`).textContent() ?? assert.fail();
}

Deno.test({
  name: "page: a camera is looked at, and its lines are a configuration that Orion starts with",
  ignore,
  async fn() {
    const auth = { user: USER, password: PASSWORD };
    await using camera = await RtspServer.start({ clip: TWO_PEOPLE_CLIP, auth });
    const url = camera.urlWithCredentials;
    await using rig = await Rig.start({
      config: `cameras: [{ id: yard, url: "${url}" }]`,
      health: "  token: a-token-that-is-long-enough-0123456789",
    });
    await rig.firstInference("yard");
    await using browser = await Browser.start();
    await using tab = await browser.tab();
    const { page } = tab;
    const answers: Promise<string>[] = [];
    page.on("response", (response) => {
      if (response.url().endsWith("/probe")) answers.push(response.text());
    });
    await page.goto(rig.httpUrl);
    await page.getByLabel("Token").fill("a-token-that-is-long-enough-0123456789");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("Add a camera").click();

    await look(tab, url, "gate");
    await page.getByAltText(/^First picture of rtsp:/).waitFor();
    const width = await page.evaluate(
      "(async (image) => { await image.decode(); return image.naturalWidth; })(document.querySelector('.seen img'))",
    );
    assert.equal(width, 960);
    await page.getByText("1280 × 720").first().waitFor();
    assert.deepEqual(await tab.violations(), []);
    const yaml = await lines(tab, "setup");
    const [, name = "", value = ""] =
      /^export (\w+)='(.*)'\n$/.exec(await lines(tab, "variable")) ?? [];
    assert.deepEqual([name, value], ["GATE_URL", url]);
    await assertStarts(yaml, { [name]: value });

    // An address that is not configured: Deno would refuse it.
    await look(tab, "rtsp://192.0.2.10:554/stream1", "shed");
    await page.getByText("deno task probe -").waitFor();
    await page.getByText("--allow-net=192.0.2.10:554").first().waitFor();
    assert.match(await lines(tab, "setup"), /\$\{SHED_URL\}/);
    assert.deepEqual(await tab.violations(), []);

    assert.equal(answers.length, 2);
    assert.deepEqual(tracesIn((await Promise.all(answers)).join()), []);
    // A browser reports each answer of 401 in its console: that of the page before the login.
    assert.deepEqual(tab.problems.filter((problem) => !problem.includes("401")), []);
    assert.equal(await rig.stop(), 0);
    assert.deepEqual(tracesIn(rig.orion.stderr.all.join("\n")), []);
  },
});

/** Asserts that `check` accepts a camera below another one. */
async function assertStarts(yaml: string, env: Readonly<Record<string, string>>): Promise<void> {
  using folder = tempFolder();
  const file = folder.write(
    "orion.yaml",
    `cameras:\n  - { id: yard, url: "demo:" }\n${yaml}health: { listen: off }\n`,
  );
  const { code, stderr } = await runOrion(["check", "--config", file], {
    env,
  });
  assert.equal(code, 0, stderr);
}
