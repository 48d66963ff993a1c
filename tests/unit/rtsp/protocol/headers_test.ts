import fc from "fast-check";
import assert from "node:assert/strict";
import { wallMs } from "../../../../src/core/clock.ts";
import { MAX_RETRY_AFTER_MS, MAX_TRACKS } from "../../../../src/rtsp/limits.ts";
import {
  parsePublic,
  parseRetryAfter,
  parseRtpInfo,
  parseSession,
  parseTransport,
  type TransportResponse,
  writeTransport,
} from "../../../../src/rtsp/protocol/headers.ts";

const TCP = { kind: "tcp", rtpChannel: 2 } as const;
const UDP = { kind: "udp", rtpPort: 50000 } as const;

function tcp(header: string): TransportResponse & { kind: "tcp" } {
  const answer = parseTransport(header, TCP);
  assert.ok(answer.kind === "tcp");
  return answer;
}

function udp(header: string): TransportResponse & { kind: "udp" } {
  const answer = parseTransport(header, UDP);
  assert.ok(answer.kind === "udp");
  return answer;
}

Deno.test("rtsp: the Transport header of a request", () => {
  assert.equal(writeTransport(TCP), "RTP/AVP/TCP;unicast;interleaved=2-3");
  assert.equal(writeTransport(UDP), "RTP/AVP;unicast;client_port=50000-50001");
});

/** Transport responses over TCP, and the channels if 2 and 3 were requested. */
const CHANNELS: readonly (readonly [string, number, number])[] = [
  ["RTP/AVP/TCP;unicast;interleaved=0-1", 0, 1],
  ["RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=1", 4, 5],
  ["rtp/avp/tcp; unicast; Interleaved = 4 - 5", 4, 5],
  ["RTP/AVP/TCP;unicast;interleaved=4", 4, 5],
  ["RTP/AVP/TCP;unicast;interleaved=4-4", 4, 5],
  ["RTP/AVP/TCP;unicast;interleaved=5-4", 5, 4],
  ['RTP/AVP/TCP;unicast;interleaved="4-5";mode="PLAY"', 4, 5],
  ["RTP/AVP;unicast;interleaved=4-5", 4, 5],
  ["RTP/AVP;unicast;client_port=1-2,RTP/AVP/TCP;interleaved=4-5", 4, 5],
  ['RTP/AVP/TCP;mode="PLAY,RECORD";interleaved=4-5', 4, 5],
  ["RTP/AVP/TCP;unicast;mode=PLAY", 2, 3],
  ["RTP/AVP/TCP;unicast;interleaved=", 2, 3],
  ["RTP/AVP/TCP;unicast;interleaved=x-y", 2, 3],
  ["RTP/AVP/TCP;unicast;interleaved=256-257", 2, 3],
  ["RTP/AVP/TCP;unicast;interleaved=255-256", 2, 3],
  ["", 2, 3],
  ["junk;;,,=;interleaved=4-5", 2, 3],
];

for (const [header, rtpChannel, rtcpChannel] of CHANNELS) {
  Deno.test(`rtsp: the channels of ${JSON.stringify(header)}`, () => {
    const answer = tcp(header);
    assert.deepEqual([answer.rtpChannel, answer.rtcpChannel], [rtpChannel, rtcpChannel]);
  });
}

Deno.test("rtsp: a Transport response over UDP has ports and addresses", () => {
  const { clientPorts, serverPorts, source, destination, ssrc, isMulticast } = udp(
    "RTP/AVP;unicast;mode=PLAY;source=10.0.0.2;destination=[fe80::1];" +
      "client_port=50000-50001;server_port=40004-40005;ssrc=0",
  );
  assert.deepEqual(clientPorts, { rtp: 50000, rtcp: 50001 });
  assert.deepEqual(serverPorts, { rtp: 40004, rtcp: 40005 });
  assert.deepEqual([source, destination, ssrc, isMulticast], ["10.0.0.2", "fe80::1", null, false]);
});

Deno.test("rtsp: missing or malformed fields of a Transport response over UDP are null", () => {
  for (const header of ["RTP/AVP;unicast", "RTP/AVP/UDP;server_port=99999;source=a b", ""]) {
    const { clientPorts, serverPorts, source } = udp(header);
    assert.deepEqual([clientPorts, serverPorts, source], [null, null, null], header);
  }
  assert.deepEqual(udp("RTP/AVP;server_port=6000").serverPorts, { rtp: 6000, rtcp: 6001 });
  assert.equal(udp("RTP/AVP;server_port=65535").serverPorts, null);
  assert.equal(udp("RTP/AVP;server_port=0-0").serverPorts, null);
});

Deno.test("rtsp: a Transport response of another kind than requested is returned as such", () => {
  assert.equal(parseTransport("RTP/AVP;unicast;server_port=1-2", TCP).kind, "udp");
  assert.equal(parseTransport("RTP/AVP/TCP;interleaved=0-1", UDP).kind, "tcp");
  assert.equal(udp("RTP/AVP;multicast;destination=239.0.0.1;port=1-2").isMulticast, true);
});

/** Notations of an SSRC. */
const SSRCS: readonly (readonly [string, number | null])[] = [
  ["30A98EE7", 0x30a98ee7],
  ["dcc4a0d8", 0xdcc4a0d8],
  [" 30a9 8ee7 ", 0x30a98ee7],
  ["0x30A98EE7", 0x30a98ee7],
  ['"A98EE7"', 0xa98ee7],
  ["4113305325", 4113305325],
  ["9999999999", null],
  ["0", null],
  ["00000000", null],
  ["", null],
  ["-1", null],
  ["junk", null],
];

for (const [text, ssrc] of SSRCS) {
  Deno.test(`rtsp: the SSRC ${JSON.stringify(text)} is ${ssrc}`, () => {
    assert.equal(tcp(`RTP/AVP/TCP;interleaved=0-1;ssrc=${text};mode=PLAY`).ssrc, ssrc);
  });
}

Deno.test("rtsp: a session ID is kept as written, and its timeout is in seconds", () => {
  const session = (header: string) => {
    const { id, timeoutSeconds } = parseSession(header);
    return [id, timeoutSeconds];
  };
  assert.deepEqual(session("12345678;timeout=60"), ["12345678", 60]);
  assert.deepEqual(session(" aB$-_.+ ; Timeout = 120 "), ["aB$-_.+", 120]);
  assert.deepEqual(session('7;timeout="30";x'), ["7", 30]);
  assert.deepEqual(session("7;timeout=30s"), ["7", 30]);
  assert.deepEqual(session("7;x=y;timeout=30"), ["7", 30]);
  for (const none of ["7", "7;", "7;timeout", "7;timeout=", "7;timeout=0", "7;timeout=-1"]) {
    assert.deepEqual(session(none), ["7", null], none);
  }
  assert.deepEqual(session(""), ["", null]);
});

Deno.test("rtsp: the methods of a server, with or without commas", () => {
  const methods = ["OPTIONS", "DESCRIBE", "GET_PARAMETER"];
  assert.deepEqual([...parsePublic("OPTIONS, DESCRIBE, GET_PARAMETER")], methods);
  assert.deepEqual([...parsePublic("options describe,,get_parameter,")], methods);
  assert.deepEqual([...parsePublic("OPTIONS\tDESCRIBE; GET_PARAMETER , !?")], methods);
  assert.deepEqual([...parsePublic("")], []);
});

Deno.test("rtsp: RTP-Info with relative and absolute URLs", () => {
  assert.deepEqual(
    parseRtpInfo(
      "url=trackID=1;seq=17;rtptime=4000000000, url=rtsp://cam/a;b,c?d=e/track2;seq=2;rtptime=-1," +
        "URL = track3 ; rtptime = 5 ; ssrc=dcc4a0d8,url=track4",
    ),
    [
      { url: "trackID=1", seq: 17, rtptime: 4000000000 },
      { url: "rtsp://cam/a;b,c?d=e/track2", seq: 2, rtptime: null },
      { url: "track3", seq: null, rtptime: 5 },
      { url: "track4", seq: null, rtptime: null },
    ],
  );
  assert.deepEqual(parseRtpInfo("seq=1;rtptime=2"), [{ url: "", seq: 1, rtptime: 2 }]);
  assert.deepEqual(parseRtpInfo('url="track1";seq="1";rtptime="2"'), [
    { url: "track1", seq: 1, rtptime: 2 },
  ]);
});

Deno.test("rtsp: RTP-Info values out of range, or no numbers, are null", () => {
  for (const text of ["seq=65536;rtptime=4294967296", "seq=;rtptime=", "seq=x;rtptime=1.5"]) {
    assert.deepEqual(parseRtpInfo(`url=a;${text}`), [{ url: "a", seq: null, rtptime: null }], text);
  }
  assert.deepEqual(parseRtpInfo(""), []);
  assert.deepEqual(parseRtpInfo("junk"), []);
  assert.equal(parseRtpInfo("url=a,".repeat(MAX_TRACKS + 9)).length, MAX_TRACKS);
});

Deno.test("rtsp: Retry-After in seconds or as a date, bounded", () => {
  const now = wallMs(Date.parse("2026-03-01T12:00:00Z"));
  assert.equal(parseRetryAfter("30", now), 30_000);
  assert.equal(parseRetryAfter(" 30 ; comment"), 30_000);
  assert.equal(parseRetryAfter("Sun, 01 Mar 2026 12:00:20 GMT", now), 20_000);
  assert.equal(parseRetryAfter("Sun, 01 Mar 2026 11:00:00 GMT", now), 0);
  assert.equal(parseRetryAfter("Sun, 01 Mar 2026 12:00:20 GMT"), null);
  assert.equal(parseRetryAfter("999999999", now), MAX_RETRY_AFTER_MS);
  for (const none of ["", "soon", "-5x", "1e9"]) {
    assert.equal(parseRetryAfter(none, now), null, none);
  }
});

Deno.test("rtsp: a Transport header round-trips", () => {
  fc.assert(fc.property(fc.nat(254), (rtpChannel) => {
    const answer = parseTransport(writeTransport({ kind: "tcp", rtpChannel }), TCP);
    assert.ok(answer.kind === "tcp");
    assert.deepEqual([answer.rtpChannel, answer.rtcpChannel], [rtpChannel, rtpChannel + 1]);
  }));
  fc.assert(fc.property(fc.nat(65534), (rtpPort) => {
    const answer = parseTransport(writeTransport({ kind: "udp", rtpPort }), UDP);
    assert.ok(answer.kind === "udp");
    assert.deepEqual(answer.clientPorts, { rtp: rtpPort, rtcp: rtpPort + 1 });
  }));
});
