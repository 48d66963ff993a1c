// @ts-check
/** Elements as tagged templates: what the browser runs is what is written here, without a build. */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { h } from "preact";
// @ts-types="./htm.d.ts"
import htm from "htm";

/** @typedef {import("preact").VNode} VNode */

export const html = htm.bind(h);

/**
 * Joins the names of classes that apply.
 * @param {...(string | false | null)} names
 */
export function classes(...names) {
  return names.filter((name) => name !== false && name !== null).join(" ");
}
