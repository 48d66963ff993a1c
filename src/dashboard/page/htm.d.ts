/** The part of htm that the page uses: its own declaration is read as that of a CommonJS module. */
import type { ComponentChild, h, VNode } from "preact";

declare const htm: {
  bind(create: typeof h): (strings: TemplateStringsArray, ...values: unknown[]) => VNode;
};
export default htm;
export type { ComponentChild };
