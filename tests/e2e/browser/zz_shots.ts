import { Rig } from "../../support/product/rig.ts";
import { Browser, DESKTOP } from "../../support/system/browser.ts";
import { TWO_PEOPLE_CLIP } from "../../support/system/files.ts";
const out = Deno.args[0] ?? "/tmp/o/scratch/s-page/shots";
const seconds = Number(Deno.args[1] ?? 40);
Deno.mkdirSync(out, { recursive: true });
await using rig = await Rig.start({
  config: [
    "cameras:",
    `  - { id: gate, url: "demo:", zones: [{ id: door, polygon: [[0.05,0.45],[0.45,0.45],[0.45,0.98],[0.05,0.98]] }], lines: [{ id: step, from: [0.5,0.6], to: [0.95,0.6] }] }`,
    `  - { id: yard, url: "file:${TWO_PEOPLE_CLIP}", loop: true }`,
    '  - { id: shed, url: "rtsp://127.0.0.1:9/none" }',
    "detectors:",
    "  - { id: person, model: builtin:person-int8, rateHz: 5, classes: [person],",
    "      cameras: [gate], presence: { snapshot: frame } }",
    "  - { id: people, model: builtin:person-int8, rateHz: 2, classes: [person],",
    "      cameras: [yard], presence: { snapshot: crop } }",
  ].join("\n"),
});
await rig.firstInference("yard");
await using browser = await Browser.start();
const PHONE = { width: 390, height: 844 };
const SCREENS = [
  { ...DESKTOP, name: "desktop-light" },
  { ...DESKTOP, name: "desktop-dark", colours: "dark" as const },
  { ...PHONE, name: "phone-light", colours: "light" as const },
  { ...PHONE, name: "phone-dark", colours: "dark" as const },
];
const tabs = [];
for (const screen of SCREENS) {
  const tab = await browser.tab(screen);
  await tab.page.goto(`${rig.httpUrl}/#figures`);
  tabs.push({ screen, tab });
}
await new Promise((r) => setTimeout(r, seconds * 1000));
for (const { screen, tab } of tabs) {
  const { page } = tab;
  for (const view of ["figures", "live", "aim/gate", "stays"]) {
    await page.goto(`${rig.httpUrl}/#${view}`);
    await page.waitForSelector("#view-title");
    if (view === "live" || view === "aim/gate") {
      await page.waitForSelector(".picture:has(.box)", { timeout: 30000 }).catch(() =>
        console.error("no box", view)
      );
    }
    if (view === "aim/gate") {
      await page.getByRole("button", { name: /^zone door/ }).first().click().catch(() => {});
    }
    if (view === "stays") {
      await page.waitForSelector(".stay");
      const done = page.locator(".stay:not(.here) summary");
      const first = await done.count() > 0 ? done.first() : page.locator(".stay summary").first();
      await first.click();
      await page.locator(".stay summary").first().click().catch(() => {});
    }
    await new Promise((r) => setTimeout(r, 1200));
    await page.screenshot({
      path: `${out}/${screen.name}-${view.replace("/", "-")}.png`,
      fullPage: view !== "live",
    });
  }
  console.error(screen.name, tab.problems);
}
await rig.stop();
Deno.exit(0);
