import assert from "node:assert/strict";
import { UdpPair } from "../../../../src/rtsp/transport/udp.ts";
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
