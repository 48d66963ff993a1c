/** What a camera refuses is not tried again, and what it accepts instead is used. */
import assert from "node:assert/strict";
import { CameraHints } from "../../../../src/rtsp/client/camera_hints.ts";
import {
  response,
  type Script,
  ScriptedCamera,
  type ScriptedRequest,
} from "../../../support/cameras/scripted_camera.ts";
import { leapingClock, onChannel, pictures, play } from "../../../support/cameras/scripted_play.ts";
import { freePortPair } from "../../../support/system/ports.ts";

/** A camera that refuses to send over TCP, and the transports that it is asked for. */
interface Refusal {
  readonly what: string;
  readonly status: number;
  /** Closes the connection after that. */
  readonly closes?: boolean;
  /** Refuses UDP as well. */
  readonly all?: boolean;
  readonly first: readonly string[];
  /** On the next connection. */
  readonly then: readonly string[];
  readonly error?: string;
}

const REFUSALS: readonly Refusal[] = [
  { what: "answers 461", status: 461, first: ["tcp", "udp"], then: ["udp"] },
  {
    what: "answers 461 and closes the connection",
    status: 461,
    closes: true,
    first: ["tcp", "udp"],
    then: ["udp"],
  },
  { what: "answers 400", status: 400, first: ["tcp", "udp"], then: ["tcp", "udp"] },
  {
    what: "answers 501 and closes the connection",
    status: 501,
    closes: true,
    first: ["tcp", "udp"],
    then: ["udp"],
  },
  {
    what: "answers 500, also over UDP,",
    status: 500,
    all: true,
    first: ["tcp", "udp"],
    then: ["tcp", "udp"],
    error: "STREAM_SERVER",
  },
  {
    what: "answers 404",
    status: 404,
    all: true,
    first: ["tcp"],
    then: ["tcp"],
    error: "STREAM_NOT_FOUND",
  },
];

const asksForTcp = ({ headers }: ScriptedRequest) => /\/TCP/.test(headers.get("transport") ?? "");

for (const { what, status, closes = false, all = false, first, then, error } of REFUSALS) {
  Deno.test(`rtsp: a camera that ${what} when it is asked to send over TCP`, async () => {
    const isRefused = (request: ScriptedRequest) =>
      request.method === "SETUP" && (all || asksForTcp(request));
    const script: Script = {
      answer: (request) => isRefused(request) ? response(request, status) : undefined,
      closesAfter: (request) => request.method === "PLAY" || (closes && isRefused(request)),
    };
    await using camera = ScriptedCamera.start(script);
    const hints = new CameraHints();
    const port = freePortPair();
    const over = { transport: "auto", udpPorts: [port, port + 1] } as const;
    const transports = async () => {
      camera.requests.length = 0;
      const outcome = await play(camera.url(), undefined, hints, undefined, over);
      assert.equal(outcome.error?.code, error);
      return camera.requests.filter(({ method }) => method === "SETUP")
        .map((request) => asksForTcp(request) ? "tcp" : "udp");
    };
    assert.deepEqual(await transports(), first);
    assert.deepEqual(await transports(), then);
  });
}

Deno.test("rtsp: a camera that closes the connection at a receiver report gets no other", async () => {
  const packets = onChannel(0, pictures());
  await using camera = ScriptedCamera.start({ packets, rounds: 400 });
  const hints = new CameraHints();
  for (const _ of [1, 2]) {
    const { error } = await play(camera.url(), undefined, hints, leapingClock(20));
    assert.equal(error?.code, undefined);
  }
  assert.deepEqual(camera.reports, [0]);
});
