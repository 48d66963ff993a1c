import assert from "node:assert/strict";
import { chooseDemoPorts, DEMO_PORTS } from "../../../src/config/demo.ts";
import { loadSettings } from "../../../src/config/load.ts";
import { ROOT } from "../../support/system/files.ts";

/** What the demo chooses on a machine where some ports are taken, and of which some may be tried. */
function chosen(taken: readonly number[], permitted?: readonly number[]) {
  return chooseDemoPorts((port) =>
    permitted === undefined || permitted.includes(port) ? !taken.includes(port) : null
  );
}

Deno.test("demo: the usual ports, and the next free ones where they are taken", () => {
  assert.deepEqual(chosen([]), { broker: 1883, http: 8080 });
  assert.deepEqual(chosen([1883]), { broker: 1884, http: 8080 });
  assert.deepEqual(chosen([1883, 1884, 8080]), { broker: 1885, http: 8081 });
});

Deno.test("demo: where all are taken, or none may be tried, it is the usual ones", () => {
  assert.deepEqual(chosen([...DEMO_PORTS.broker, ...DEMO_PORTS.http]), {
    broker: 1883,
    http: 8080,
  });
  assert.deepEqual(chosen([], []), { broker: 1883, http: 8080 });
});

Deno.test("demo: whoever may listen on the chosen ports alone makes the same choice", () => {
  assert.deepEqual(chosen([1883], [1885, 8082]), { broker: 1885, http: 8082 });
  const late = chosen([1885], [1885, 8082]);
  assert.deepEqual(late, { broker: 1885, http: 8082 }, "taken since: it is said of the right one");
});

Deno.test("demo: other ports than the usual ones are said, each", () => {
  const settingsAt = (broker: number, http: number) =>
    loadSettings({
      path: null,
      root: ROOT,
      demoPorts: { broker, http },
      env: () => undefined,
      readText: () => assert.fail("the demo reads no file"),
    });
  assert.deepEqual(settingsAt(1883, 8080).warnings, []);
  const moved = settingsAt(1884, 8081);
  assert.deepEqual(moved.warnings, [
    "127.0.0.1:1883 is taken: the demo's MQTT broker is on 127.0.0.1:1884",
    "127.0.0.1:8080 is taken: the demo's HTTP server is on 127.0.0.1:8081",
  ]);
  assert.deepEqual([moved.mqtt.address.port, moved.health.listen?.port], [1884, 8081]);
});

Deno.test("demo: the launcher's first process may try just these ports", () => {
  const script = Deno.readTextFileSync(`${ROOT}/scripts/orion.sh`);
  const listed = script.match(/for port in ([\d ]+);/)?.[1]?.split(" ").map(Number);
  assert.deepEqual(listed, [...DEMO_PORTS.broker, ...DEMO_PORTS.http]);
});
