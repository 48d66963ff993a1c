/** What the page asks the service for. */
import assert from "node:assert/strict";
import { pictureOf } from "../../../src/dashboard/page/api.js";
import { stayJson } from "../../../src/health/presence_json.ts";
import { stayOf } from "../../support/presence/stays.ts";

Deno.test("api: the picture of a stay is below the page, wherever a proxy has put it", () => {
  const picture = pictureOf(stayJson(stayOf("one"), true)) ?? assert.fail();
  for (const page of ["http://orion:8080/", "https://home/api/hassio_ingress/x/"]) {
    const { href } = new URL(picture, `${page}#stays`);
    assert.ok(href.startsWith(`${page}presence/one.jpg?seq=`), href);
  }
  assert.equal(pictureOf(stayJson(stayOf("one"), false)), null);
});
