import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { sinceMs, type SteadyMs, systemClock } from "../../src/core/clock.ts";
import type { Libav } from "../../src/libav/library.ts";
import { SocketInfo } from "../../src/libav/socket_info.ts";
import { DatagramSocket } from "../../src/libav/sockets.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { testLibav } from "./support.ts";

const MESSAGES = 60;
/** On a loaded machine most searches are preempted. */
const MAX_SEARCHES = 200;

/** The state of a connection in the kernel, whose ticks were found. */
async function find(libav: Libav, receiver: Deno.TcpConn): Promise<SocketInfo> {
  for (let search = 0; search < MAX_SEARCHES; search++) {
    const info = SocketInfo.find(libav, receiver.localAddr.port, systemClock);
    assert.ok(info !== null);
    const before = info.receivedBetween();
    await systemClock.sleep(15);
    const after = info.receivedBetween();
    assert.ok(before !== null && after !== null);
    // Without the ticks, the instant moves with that of the query.
    if (Math.abs(sinceMs(before.from, after.from)) < 1e-6) return info;
  }
  throw new Error("the ticks of the timer were not found");
}

Deno.test({
  name: "libav socket: the kernel knows to a tick when bytes arrived, however late they are read",
  ignore: ignoreWithout("libav"),
  async fn() {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    using receiver = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
    using sender = await listener.accept();
    sender.setNoDelay(true);
    using libav = testLibav();
    await sender.write(new Uint8Array(1));
    const info = await find(libav, receiver);
    const errorsMs: number[] = [];
    for (let number = 0; number < MESSAGES; number++) {
      const before = systemClock.nowMs();
      await sender.write(new Uint8Array(1));
      const after = systemClock.nowMs();
      await systemClock.sleep(number % 11);
      const received = info.receivedBetween();
      assert.ok(received !== null);
      const { from, to } = received;
      errorsMs.push(Math.max(0, sinceMs(after, from), sinceMs(to, before)));
    }
    // Ticks may come late, above all where the machine is a virtual one: hence most, not all.
    const right = errorsMs.filter((errorMs) => errorMs <= 1).length;
    assert.ok(right > MESSAGES / 2, `${errorsMs.map((errorMs) => errorMs.toFixed(1))}`);
    assert.equal(info.unreadBytes(), MESSAGES + 1);
  },
});

/** A UDP socket on a free port, closed when disposed. */
async function udpSocket(): Promise<{ readonly socket: Socket } & Disposable> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { socket, [Symbol.dispose]: () => socket.close() };
}

Deno.test({
  name: "libav socket: the kernel knows when a datagram arrived, however late that is asked",
  ignore: ignoreWithout("libav"),
  async fn() {
    using receiver = await udpSocket();
    using sender = await udpSocket();
    const { port } = receiver.socket.address();
    using libav = testLibav();
    const info = DatagramSocket.find(libav, port);
    assert.ok(info !== null);
    assert.equal(info.receivedAt(systemClock), null, "nothing has arrived");
    for (let number = 0; number < 10; number++) {
      const received = once(receiver.socket, "message");
      const before = systemClock.nowMs();
      await new Promise<void>((resolve, reject) =>
        sender.socket.send(new Uint8Array(1), port, "127.0.0.1", (error) => {
          return error === null ? resolve() : reject(error);
        })
      );
      const after = systemClock.nowMs();
      await received;
      await systemClock.sleep(number * 3);
      const at: SteadyMs | null = info.receivedAt(systemClock);
      assert.ok(at !== null);
      // The first one had arrived before the kernel was asked to note times: it has that of the read.
      if (number === 0) continue;
      assert.ok(sinceMs(before, at) >= -1 && sinceMs(at, after) >= -1, `${before} ${at} ${after}`);
    }
  },
});
