/** The page, as tests look at it. */
import type { Tab } from "../system/browser.ts";
import type { Rig } from "./rig.ts";

/** The tile of a camera with a picture and boxes on it. */
export const drawn = (camera: string) => `[data-camera="${camera}"] .picture:has(.box)`;

/** Opens a view and waits until it is there. */
export async function openView({ page }: Tab, rig: Rig, view: string): Promise<void> {
  await page.goto(`${rig.httpUrl}/#${view}`);
  await page.waitForSelector("#view-title");
}
