import assert from "node:assert/strict";
import { OrionError } from "../../../src/core/errors.ts";
import { topicPrefixProblem, topicsOf } from "../../../src/mqtt/topics.ts";

Deno.test("topics: are those of the contract", () => {
  const topics = topicsOf({ topicPrefix: "site/floor-2", instance: "lobby-1" });
  assert.equal(topics.status, "site/floor-2/lobby-1/status");
  assert.equal(topics.health, "site/floor-2/lobby-1/health");
  assert.equal(topics.control, "site/floor-2/lobby-1/control");
  assert.equal(topics.ack, "site/floor-2/lobby-1/control/ack");
  assert.equal(topics.camera("gate"), "site/floor-2/lobby-1/cameras/gate/status");
  assert.equal(
    topics.inference("gate", "person"),
    "site/floor-2/lobby-1/inferences/gate/person",
  );
});

for (
  const prefix of ["", "/orion", "orion/", "a//b", "a/+/b", "#", "a#", "$SYS/orion", "a\u0000b"]
) {
  Deno.test(`topics: the prefix ${JSON.stringify(prefix)} is refused with a remedy`, () => {
    assert.notEqual(topicPrefixProblem(prefix), null);
    assert.throws(() => topicsOf({ topicPrefix: prefix, instance: "a" }), (error) => {
      return error instanceof OrionError && error.code === "TOPIC_PREFIX" && error.remedy !== "";
    });
  });
}
