import assert from "node:assert/strict";
import { OrionError } from "../../../src/core/errors.ts";
import { presenceTopics } from "../../../src/mqtt/presence_topics.ts";
import { presencePlan } from "../../support/presence/stays.ts";
import { topicLevel, topicPrefixProblem, topicsOf } from "../../../src/mqtt/topics.ts";

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
  const root = "site/floor-2/lobby-1";
  assert.equal(topics.presence("gate"), `${root}/presence/gate`);
  assert.equal(topics.occupancy("gate", "door"), `${root}/occupancy/gate/door`);
  assert.equal(topics.crossing("gate", "step"), `${root}/crossings/gate/step`);
  assert.equal(topics.picture("gate", "person"), `${root}/pictures/gate/person`);
  assert.equal(topics.detect("gate"), `${root}/cameras/gate/detect`);
  assert.equal(topics.detectSet("gate"), `${root}/cameras/gate/detect/set`);
  assert.equal(topics.stays, `${root}/stays`);
});

for (
  const [name, level] of [
    ["person", "person"],
    ["traffic light", "traffic light"],
    ["Fußgänger", "Fußgänger"],
    ["a/b", "a%2Fb"],
    ["50%", "50%25"],
    ["+", "%2B"],
    ["#", "%23"],
    ["a\u0000b", "a%00b"],
    ["\ufffe", "%EF%BF%BE"],
    ["\ud800", "\ufffd"],
    ["", "%"],
    ["x".repeat(70_000), "x".repeat(256)],
  ] as const
) {
  Deno.test(`topics: the class ${JSON.stringify(name.slice(0, 20))} is one level of a topic`, () => {
    assert.equal(topicLevel(name), level);
  });
}

Deno.test("topics: a check tries all that presence publishes to, pictures where they are allowed", () => {
  const topics = topicsOf({ topicPrefix: "orion", instance: "lobby-1" });
  const tried = (snapshot: "none" | "crop") =>
    presenceTopics(presencePlan(snapshot), topics).map(({ topic, qos, retain }) =>
      `${topic.replace("orion/lobby-1/", "")} ${qos} ${retain}`
    );
  const always = [
    "stays 1 true",
    "stays/sent 0 true",
    "presence/gate 1 false",
    "occupancy/gate/all 1 true",
    "occupancy/gate/door 1 true",
    "crossings/gate/step 1 false",
  ];
  assert.deepEqual(tried("none"), always);
  assert.deepEqual(tried("crop"), [...always, "pictures/gate/orion-check 0 true"]);
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
