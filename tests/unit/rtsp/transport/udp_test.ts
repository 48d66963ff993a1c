import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createSocket, type Socket } from "node:dgram";
import { DatagramQueue } from "../../../../src/rtsp/transport/datagram_queue.ts";
import { UdpPair } from "../../../../src/rtsp/transport/udp.ts";
import { seeded } from "../../../support/cameras/rtp/packets.ts";
import { freePortPair } from "../../../support/system/ports.ts";

Deno.test("rtsp: a wake-up while no wait is pending ends the next wait", async () => {
  const port = freePortPair();
  const udp = await UdpPair.bind([port, port + 1], "127.0.0.1");
  try {
    udp.wake();
    await udp.wait();
    let isOver = false;
    const second = udp.wait().then(() => isOver = true);
    await Promise.resolve();
    assert.equal(isOver, false, "it was for one wait");
    udp.wake();
    await second;
  } finally {
    udp.close();
  }
});

/** The camera's sockets: its announced ones, and one that it does not announce. */
interface Sockets {
  readonly udp: UdpPair;
  readonly rtp: Socket;
  readonly rtcp: Socket;
  readonly other: Socket;
}

function bound(hostname = "127.0.0.1"): Promise<Socket> {
  const socket = createSocket("udp4");
  return new Promise((resolve) => socket.bind(0, hostname, () => resolve(socket)));
}

async function withSockets(test: (sockets: Sockets) => Promise<void>): Promise<void> {
  const port = freePortPair();
  const udp = await UdpPair.bind([port, port + 1], "127.0.0.1");
  const [rtp, rtcp, other] = await Promise.all([bound(), bound(), bound()]);
  try {
    await test({ udp, rtp, rtcp, other });
  } finally {
    for (const socket of [rtp, rtcp, other, udp]) socket.close();
  }
}

/** Sends datagrams one by one, until each was received. @returns the lengths of those that are passed on */
async function passed(udp: UdpPair, from: Socket, lengths: readonly number[]): Promise<number[]> {
  const received: number[] = [];
  for (const length of lengths) {
    const stray = udp.strayDatagrams;
    from.send(Buffer.alloc(length), udp.rtpPort, "127.0.0.1");
    let isOver = false;
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const before = received.length;
      udp.drain((_bytes, _start, count) => received.push(count), () => {});
      isOver = received.length > before || udp.strayDatagrams > stray;
    }
  }
  return received;
}

Deno.test("rtsp: over UDP an empty packet is sent to each port of the camera, for firewalls", async () => {
  await withSockets(async ({ udp, rtp, rtcp }) => {
    const first = (socket: Socket) =>
      new Promise<Buffer>((resolve) => socket.once("message", resolve));
    const opened = Promise.all([first(rtp), first(rtcp)]);
    udp.acceptFrom({ rtp: rtp.address().port, rtcp: rtcp.address().port }, null);
    const [[rtpFlags], [rtcpFlags, rtcpType]] = await opened;
    assert.deepEqual([rtpFlags, rtcpFlags, rtcpType], [0x80, 0x80, 201]);
  });
});

Deno.test("rtsp: over UDP another port than the announced one is adopted if that never sends", async () => {
  await withSockets(async ({ udp, rtp, rtcp, other }) => {
    const ports = { rtp: rtp.address().port, rtcp: rtcp.address().port };
    const many = Array.from({ length: 20 }, (_, index) => 100 + index);
    udp.acceptFrom(ports, null);
    assert.deepEqual(await passed(udp, other, many), many.slice(15));
    udp.acceptFrom(ports, null);
    assert.deepEqual(await passed(udp, rtp, [1, 2]), [1, 2]);
    assert.deepEqual(await passed(udp, other, many), [], "a forger's");
  });
});

Deno.test("rtsp: over UDP datagrams of any size arrive, also from the address that the camera names", async () => {
  await withSockets(async ({ udp, rtcp }) => {
    const elsewhere = await bound("127.0.0.2");
    const ports = { rtp: elsewhere.address().port, rtcp: rtcp.address().port };
    try {
      udp.acceptFrom(ports, null);
      assert.deepEqual(await passed(udp, elsewhere, [10]), []);
      udp.acceptFrom(ports, "127.0.0.2");
      assert.deepEqual(await passed(udp, elsewhere, [12, 3000, 60_000]), [12, 3000, 60_000]);
    } finally {
      elsewhere.close();
    }
  });
});

Deno.test("rtsp: the queue of datagrams keeps the newest ones, each whole", () => {
  const random = seeded(1);
  const queue = new DatagramQueue();
  for (let round = 0; round < 10; round++) {
    const pushed = Array.from(
      { length: 200 },
      () => Math.floor(random() * (random() < 0.5 ? 2000 : 65_507)),
    );
    for (const length of pushed) queue.push(new Uint8Array(length).fill(length & 0xff), true);
    const drained: number[] = [];
    queue.drain((bytes, start, length) => {
      drained.push(length);
      const ends = [bytes[start], bytes[start + length - 1]];
      if (length > 0) assert.deepEqual(ends, [length & 0xff, length & 0xff]);
    }, () => {});
    assert.ok(queue.isEmpty);
    assert.ok(drained.length > 16);
    assert.deepEqual(drained, pushed.slice(-drained.length), "the newest are there, in order");
  }
});
