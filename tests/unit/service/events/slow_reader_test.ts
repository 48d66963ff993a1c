/** The hub behind a real server: readers that read nothing beside readers that do. */
import assert from "node:assert/strict";
import type { EventReader } from "../../../../src/health/events_route.ts";
import { EventHub, MAX_EVENT_READERS } from "../../../../src/service/events/event_hub.ts";
import { EventQueue } from "../../../../src/service/events/event_queue.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";
import { type EventStream, streamOf } from "../../../support/product/event_stream.ts";
import { app, serve } from "../../health/http_rig.ts";

/** Of each event; all of them are more than what the system's buffers hold. */
const CHARACTERS = 100_000;
const EVENTS = 600;

function hubOf(onWatch: (on: boolean) => void): EventHub {
  return new EventHub({
    clock: new HeldClock(),
    instance: "lobby-1",
    run: 7,
    cameras: new Set(["gate"]),
    state: () => ({ cameras: [], occupancy: [], health: null, settledUpTo: 0 }),
    onWatch,
  });
}

Deno.test("events: a reader that reads nothing delays no other, and holds one event of each pair", async () => {
  const readers: EventReader[] = [];
  const watched: boolean[] = [];
  const hub = hubOf((on) => watched.push(on));
  const server = serve(app(null, [], {
    events: {
      hasCamera: () => true,
      open(request) {
        const reader = hub.open(request);
        if (reader !== null) readers.push(reader);
        return reader;
      },
    },
  }));
  const { hostname, port } = new URL(server.url);
  const idle = await Deno.connect({ hostname, port: Number(port) });
  try {
    await idle.write(new TextEncoder().encode(`GET /events HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`));
    await idle.read(new Uint8Array(1));
    await using fast = await streamOf(`${server.url}/events`);
    const payload = "x".repeat(CHARACTERS);
    for (let seq = 0; seq < EVENTS; seq++) {
      for (const detector of ["person", "vehicle"]) {
        const text = `${detector} ${seq} ${payload}`;
        hub.copied({ event: "inference", camera: "gate", detector, payload: text });
      }
      await fast.waitFor(({ data }) => data.startsWith(`vehicle ${seq} `));
      fast.events.length = 0;
    }
    const [slow] = readers;
    assert.ok(slow instanceof EventQueue);
    assert.equal(slow.waiting, 2);
    // What it reads at last ends with the newest of each.
    let text = "";
    const buffer = new Uint8Array(1_000_000);
    const decoder = new TextDecoder();
    while (!text.includes(`vehicle ${EVENTS - 1} `)) {
      const count = await idle.read(buffer);
      assert.ok(count !== null);
      text = text.slice(-200) + decoder.decode(buffer.subarray(0, count));
    }
  } finally {
    idle.close();
    hub.close();
    await server.close(new Promise(() => undefined));
  }
  assert.deepEqual(watched, [true, false]);
});

Deno.test("events: two hundred clients of one address read at once, and further ones are refused", async () => {
  const hub = hubOf(() => undefined);
  const server = serve(app(null, [], { events: hub }));
  const streams: EventStream[] = [];
  try {
    while (streams.length < MAX_EVENT_READERS) {
      streams.push(await streamOf(`${server.url}/events`));
    }
    const refused = await fetch(`${server.url}/events`);
    assert.equal(refused.status, 503);
    await refused.body?.cancel();
    hub.copied({ event: "inference", camera: "gate", detector: "person", payload: "{}" });
    await Promise.all(streams.map((stream) => stream.waitFor(({ data }) => data === "{}")));
    const health = await fetch(`${server.url}/healthz`);
    assert.equal(health.status, 200);
    await health.body?.cancel();
  } finally {
    hub.close();
    await Promise.all(streams.map((stream) => stream.waitForEnd()));
    await server.close(new Promise(() => undefined));
  }
});
