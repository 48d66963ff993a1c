/** Cameras with unusual responses and packets are played. */
import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { packetBytes } from "../../../support/cameras/rtp/packets.ts";
import {
  h264Description,
  response,
  type Script,
  ScriptedCamera,
  type ScriptedRequest,
} from "../../../support/cameras/scripted_camera.ts";
import {
  type Case,
  challenge,
  instead,
  LOGIN,
  onChannel,
  PICTURES,
  pictures,
  play,
  refuseSecondTrack,
} from "../../../support/cameras/scripted_play.ts";

/** Whether a request is refused by {@link challenge}. */
function isChallenged({ method, headers }: ScriptedRequest): boolean {
  return method === "DESCRIBE" && !headers.has("authorization");
}

function transport(header: string): NonNullable<Script["answer"]> {
  return instead(
    "SETUP",
    (request) => response(request, 200, ["Session", "1"], ["Transport", header]),
  );
}

const packets = onChannel(0, pictures());
const TWO_TRACKS = h264Description(2);
/** The packets of two sources, one picture after the other. */
const twoTracks = (first: number, second: number) =>
  packets.flatMap(([, bytes], index) => {
    const other = pictures({ ssrc: 2 })[index] ?? bytes;
    return [[first, bytes], [second, other]] as const;
  });

/** Numbers the packets of all payload types together, and sends one of another type after each. */
function withForeignPackets(): Uint8Array[] {
  return pictures().flatMap((bytes, index) => {
    const numbered = bytes.slice();
    new DataView(numbered.buffer).setUint16(2, 2 * index);
    const foreign = { payload: new Uint8Array(50), timestamp: 7, marker: true, payloadType: 112 };
    return [numbered, packetBytes({ ...foreign, sequence: 2 * index + 1 })];
  });
}

/** Gives the number of a packet of another type to the next packet as well. */
function withRepeatedNumbers(): Uint8Array[] {
  const foreign = { payload: new Uint8Array(50), timestamp: 7, marker: true, payloadType: 50 };
  return pictures().flatMap((bytes, sequence) => [packetBytes({ ...foreign, sequence }), bytes]);
}

/** Numbers the packets of the third picture and those after it from 0. */
function withNewNumbers(): Uint8Array[] {
  return pictures().map((bytes) => {
    const view = new DataView(bytes.slice().buffer);
    const isNew = view.getUint32(4) >= 2 * 3600;
    view.setUint16(2, view.getUint16(2) + (isNew ? 0 : 500));
    return new Uint8Array(view.buffer);
  });
}

/** Sets the padding bit, with a last byte that is no count of padding. */
function withPaddingBit(last: number): Uint8Array[] {
  return pictures().map((bytes) => {
    const padded = Uint8Array.of(...bytes, last);
    padded[0] = (padded[0] ?? 0) | 0x20;
    return padded;
  });
}

const EMPTY = packetBytes({
  payload: new Uint8Array(0),
  padding: 4,
  timestamp: 0,
  marker: false,
  sequence: 30_000,
});
const BYE = Uint8Array.of(0x81, 203, 0, 1, 1, 2, 3, 4);

/** Cameras that are played, every picture whole. */
const PLAYED: Readonly<Record<string, Case>> = {
  "has no quirks": { script: { packets } },
  "writes its status lines in lower case": {
    script: { answer: (_request, usual) => usual.replace(/^RTSP/, "rtsp"), packets },
  },
  "announces that its response will follow (100)": {
    script: {
      answer: instead("DESCRIBE", (request, usual) => response(request, 100) + usual),
      packets,
    },
  },
  "closes the connection with its challenge": {
    login: LOGIN,
    script: { answer: challenge(), closesAfter: isChallenged, packets },
  },
  "redirects to another path": {
    script: {
      answer: instead(
        "DESCRIBE",
        (request, usual) =>
          request.uri.endsWith("/other") ? usual : response(request, 302, ["Location", "/other"]),
      ),
      packets,
    },
  },
  "swaps the channels of RTP and RTCP": { script: { packets: onChannel(1, pictures()) } },
  "announces swapped channels": {
    script: { answer: transport("RTP/AVP/TCP;unicast;interleaved=1-0"), packets },
  },
  "sends RTCP on the channel of RTP": {
    script: { packets: [[0, Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 1)], ...packets] },
  },
  "sends the BYE of an earlier session first": { script: { packets: [[1, BYE], ...packets] } },
  "numbers packets of another type with those of the video": {
    script: { packets: onChannel(0, withForeignPackets()) },
  },
  "gives their numbers to the next packet as well": {
    script: { packets: onChannel(0, withRepeatedNumbers()) },
  },
  "sends empty packets with numbers of their own": {
    script: { packets: onChannel(0, pictures().flatMap((bytes) => [bytes, EMPTY])) },
  },
  "begins to number its packets anew": { script: { packets: onChannel(0, withNewNumbers()) } },
  "sets the padding bit and pads nothing": { script: { packets: onChannel(0, withPaddingBit(0)) } },
  "sets the padding bit with an absurd count": {
    script: { packets: onChannel(0, withPaddingBit(255)) },
  },
  "names the same channels for two tracks": {
    script: {
      description: TWO_TRACKS,
      answer: transport("RTP/AVP/TCP;unicast;interleaved=0-1"),
      packets: twoTracks(0, 2),
    },
  },
  "gives its first track the channels that the second one asks for": {
    script: {
      description: TWO_TRACKS,
      answer: (request) => {
        const channels = request.uri.endsWith("track1") ? "2-3" : "4-5";
        return transport(`RTP/AVP/TCP;unicast;interleaved=${channels}`)(request, "");
      },
      packets: twoTracks(2, 4),
    },
  },
  "plays its tracks only one by one": {
    script: {
      answer: instead(
        "PLAY",
        (request, usual) => request.uri.endsWith("track1") ? usual : response(request, 459),
      ),
      packets,
    },
  },
  "allows one of two tracks to be set up": {
    script: {
      description: TWO_TRACKS,
      answer: refuseSecondTrack(459),
      packets,
    },
  },
};

for (const [what, one] of Object.entries(PLAYED)) {
  Deno.test(`rtsp: a camera that ${what} is played`, async () => {
    await using camera = ScriptedCamera.start(one.script);
    const { units, corrupt, error } = await play(camera.url(one.login));
    assert.equal(error, null);
    assert.deepEqual([units, corrupt], [PICTURES, 0]);
  });
}

Deno.test("rtsp: a connection that is reset while it plays has ended, as one that is closed", async () => {
  await using camera = ScriptedCamera.start({ packets });
  // Deno has no way to reset a connection of its own.
  const relay = createServer((client) => {
    const upstream = connect(camera.port, "127.0.0.1");
    client.pipe(upstream);
    upstream.on("data", (bytes) => client.write(bytes));
    upstream.on("end", () => client.resetAndDestroy());
  });
  const listening = Promise.withResolvers<void>();
  relay.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  const address = relay.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const { error } = await play(`rtsp://127.0.0.1:${port}/cam`);
  assert.equal(error?.code, "STREAM_ENDED", error?.message ?? "it played");
  const closed = Promise.withResolvers<void>();
  relay.close(() => closed.resolve());
  await closed.promise;
});
