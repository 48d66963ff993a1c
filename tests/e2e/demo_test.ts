/** The first command of the README, without any configuration. */
import assert from "node:assert/strict";
import { DEMO_HOST, DEMO_PORTS } from "../../src/config/demo.ts";
import { tempFolder } from "../support/system/files.ts";
import { inferences, Schemas } from "../support/brokers/messages.ts";
import { type PresenceMessage, presenceOf } from "../support/brokers/presence.ts";
import { Subscriber } from "../support/brokers/mosquitto.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { startOrion } from "../support/product/process.ts";
import { assertReportCloses } from "../support/product/report.ts";

/** Occupies the default port of the demo's broker; one that is in use already serves the same purpose. */
function occupyDefaultPort(): Disposable {
  try {
    const listener = Deno.listen({ hostname: DEMO_HOST, port: DEMO_PORTS.broker[0] });
    return { [Symbol.dispose]: () => listener.close() };
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    return { [Symbol.dispose]: () => undefined };
  }
}

/** The messages of each stay that started since the subscriber came. */
function wholeStays(messages: readonly PresenceMessage[]): PresenceMessage[][] {
  return [...Map.groupBy(messages, ({ id }) => id).values()]
    .filter(([first]) => first?.type === "start");
}

Deno.test({
  name:
    "demo: without a configuration the people of the clip come and go at the embedded broker, on a free port",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    // An empty folder, without an orion.yaml.
    using folder = tempFolder();
    using _occupied = occupyDefaultPort();
    await using orion = startOrion(["run"], { cwd: folder.path });
    const starting = await orion.waitFor("service.starting");
    const broker = new URL(String(starting["broker"]));
    const http = new URL(String(starting["http"]));
    assert.equal(broker.hostname, DEMO_HOST);
    assert.equal(http.hostname, DEMO_HOST);
    const others: readonly number[] = DEMO_PORTS.broker.slice(1);
    assert.ok(others.includes(Number(broker.port)), `${broker} is one of the other ports`);
    const warnings = orion.events().map(({ warning }) => warning);
    assert.ok(
      warnings.includes(
        `127.0.0.1:1883 is taken: the demo's MQTT broker is on 127.0.0.1:${broker.port}`,
      ),
    );
    const moved = warnings.some((warning) => String(warning).includes("the demo's HTTP server"));
    assert.equal(
      moved,
      http.port !== "8080",
      "a warning for each port that is not the default, and no other",
    );
    await orion.waitFor("mqtt.connected");
    await using subscriber = await Subscriber.start({
      port: Number(broker.port),
      topics: ["orion/#"],
    });
    const schemas = new Schemas();
    // Each of the two people comes and goes; with the third stay the clip has begun again.
    const stays = () => wholeStays(presenceOf(subscriber.messages, "demo", schemas));
    await subscriber.waitFor(() => stays().length >= 3, { what: "the start of a third stay" });
    const [first] = stays();
    assert.deepEqual(first?.map(({ type, reason }) => [type, reason]), [
      ["start", null],
      ["end", "left"],
    ]);
    const types = new Set(stays().map((messages) => messages.map(({ type }) => type).join(" ")));
    assert.ok(types.isSubsetOf(new Set(["start", "start end"])), `${[...types]}`);
    await orion.waitFor("presence.ended", ({ id }) => id === first?.[0]?.id);

    await subscriber.waitFor(() => inferences(subscriber.messages, schemas).length >= 3);
    for (const { camera, frame } of inferences(subscriber.messages, schemas)) {
      assert.deepEqual([camera, frame.width, frame.height], ["demo", 1280, 720]);
    }
    await using later = await Subscriber.start({
      port: Number(broker.port),
      topics: ["orion/orion/status"],
    });
    const status = await later.waitFor(({ topic }) => topic === "orion/orion/status");
    assert.ok(status.retained);
    assert.equal(status.json?.["state"], "online");
    const report = assertReportCloses(await (await fetch(new URL("/status", http))).json());
    assert.equal(report.broker.embedded, true);

    orion.signal("SIGINT");
    assert.equal((await orion.exit()).code, 0);
    assert.equal(await orion.groupAlive(), false);
  },
});
