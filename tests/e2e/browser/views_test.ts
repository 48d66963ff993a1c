/** Every view of the page, in every size and colour. */
import assert from "node:assert/strict";
import { drawn, openView } from "../../support/product/page.ts";
import { Rig } from "../../support/product/rig.ts";
import { Browser, DESKTOP, type Screen } from "../../support/system/browser.ts";
import { tempFolder, TWO_PEOPLE_CLIP } from "../../support/system/files.ts";
import { ignoreWithout } from "../../support/system/parts.ts";

const VIEWS = ["live", "aim/gate", "stays", "figures"];
const PHONE = { width: 390, height: 844 };
const SCREENS: readonly (Screen & { readonly name: string })[] = [
  { ...DESKTOP, name: "desktop-light" },
  { ...DESKTOP, name: "desktop-dark", colours: "dark" },
  { ...PHONE, name: "phone-light", colours: "light" },
  { ...PHONE, name: "phone-dark", colours: "dark" },
];

Deno.test({
  name: "page: every view in every size and colour has no violation of WCAG 2.1 AA and no error",
  ignore: ignoreWithout("libav", "mosquitto", "chromium"),
  async fn() {
    using folder = tempFolder();
    await using rig = await Rig.start({
      config: [
        "cameras:",
        `  - { id: gate, url: "file:${TWO_PEOPLE_CLIP}", loop: true, zones: [{ id: door, polygon: [[0,0],[1,0],[1,1],[0,1]] }] }`,
        `  - { id: yard, url: "file:${TWO_PEOPLE_CLIP}", loop: true }`,
        '  - { id: shed, url: "rtsp://127.0.0.1:9/none" }',
        "detectors:",
        "  - { id: person, model: builtin:person-int8, rateHz: 3, classes: [person],",
        "      cameras: [gate, yard], presence: { snapshot: crop } }",
      ].join("\n"),
    });
    await rig.firstInference("yard");
    await using browser = await Browser.start();
    for (const screen of SCREENS) {
      await using tab = await browser.tab(screen);
      const { page } = tab;
      for (const view of VIEWS) {
        await openView(tab, rig, view);
        await page.waitForSelector(READY[view] ?? "h1");
        if (view === "stays") {
          await page.locator(".stay summary").first().click();
          await page.locator(".stay[class] .path .way").first().waitFor();
        }
        if (view === "aim/gate") await page.getByRole("button", { name: /^zone door/ }).focus();
        const name = `${screen.name}-${view.replace("/", "-")}`;
        assert.deepEqual(await tab.violations(), [], name);
        await page.screenshot({ path: `${folder.path}/${name}.png`, fullPage: true });
        const overflow = await page.evaluate(
          "document.documentElement.scrollWidth - document.documentElement.clientWidth",
        );
        assert.equal(overflow, 0, `${name} is wider than the screen`);
      }
      assert.deepEqual(tab.problems, [], screen.name);
    }
    assert.equal(await rig.stop(), 0);
  },
});

/** What a view has when it is complete. */
const READY: Readonly<Record<string, string>> = {
  live: drawn("gate"),
  "aim/gate": ".picture:has(.box)",
  stays: ".stay",
  figures: ".flow .plot:nth-of-type(2) canvas",
};
