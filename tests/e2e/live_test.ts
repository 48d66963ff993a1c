/** Live pictures of the whole product: which frames viewers get, and that nothing is encoded without viewers. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { BoxPx } from "../../src/core/geometry.ts";
import { type InferenceMessage, inferences, Schemas } from "../support/brokers/messages.ts";
import { decodeJpeg } from "../support/clips/jpeg.ts";
import { Operator } from "../support/product/operator.ts";
import { asReport } from "../support/product/report.ts";
import { Rig } from "../support/product/rig.ts";
import { shell, tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { type BodyPart, Multipart } from "../support/system/multipart.ts";
import { ignoreWithout } from "../support/system/parts.ts";

const ignore = ignoreWithout("libav", "mosquitto", "ffmpeg");
const DETECTOR = "[{ id: person, model: builtin:person-int8, rateHz: 5, classes: [person] }]";
const CONFIG = [
  "cameras:",
  `  - { id: gate, url: "file:${TWO_PEOPLE_CLIP}", loop: true, zones: [{ id: door, polygon: [[0.1,0.02],[0.3,0.02],[0.3,0.06]] }] }`,
  `detectors: ${DETECTOR}`,
].join("\n");
/** The demo is 1280x720, and shown at 960x540. */
const SHOWN = { width: 960, height: 540, scale: 0.75 };

/** Pictures that compress badly: they fill the buffers between the process and a client that reads nothing. */
const NOISE =
  'ffmpeg -v error -f lavfi -i "nullsrc=s=1280x720:r=10:d=3,geq=random(1)*255:128:128" ' +
  '-c:v libx264 -preset ultrafast -g 10 -qp 20 -pix_fmt yuv420p -y "$1"';
/** Inferences that a client misses: together their pictures are larger than any of those buffers. */
const MISSED = 60;

/** A stream of a camera's pictures. */
async function watch(rig: Rig, path: string): Promise<Multipart> {
  const response = await fetch(`${rig.httpUrl}/cameras/${path}`);
  assert.equal(response.status, 200);
  return new Multipart(response);
}

/** The next part of a frame that a detector got. */
async function nextInferred(parts: Multipart): Promise<BodyPart & { readonly seq: number }> {
  for (;;) {
    const part = await parts.next() ?? assert.fail("the stream has ended");
    assert.equal(part.headers.get("content-type"), "image/jpeg");
    if (!part.headers.has("x-orion-detector")) continue;
    return { ...part, seq: Number(part.headers.get("x-orion-seq")) };
  }
}

/** The inference messages of a camera so far, by number of the frame. */
function messagesOf(rig: Rig): Map<number, InferenceMessage> {
  const all = inferences(rig.subscriber.messages, new Schemas());
  return new Map(all.map((message) => [message.frame.seq, message]));
}

/** The figures of the camera's viewers. */
async function liveOf(rig: Rig): Promise<{ readonly viewers: number; readonly pictures: number }> {
  const { body } = await rig.get("/status");
  return asReport(body).cameras[0]?.live ?? assert.fail("there is no camera");
}

/** Waits until the last viewer is gone. @returns how many pictures there were */
async function unwatched(rig: Rig): Promise<number> {
  await rig.until("no viewer", async () => (await liveOf(rig)).viewers === 0);
  return (await liveOf(rig)).pictures;
}

/** How many of the points along the sides of a box have its colour, 0..1. */
function outlined(pixels: Uint8Array, { x, y, width, height }: BoxPx): number {
  const { scale } = SHOWN;
  const points: (readonly [number, number])[] = [];
  for (let part = 0.1; part < 0.95; part += 0.1) {
    points.push([x + part * width, y], [x, y + part * height]);
  }
  const isGreenAt = (column: number, row: number) => {
    const at = 3 * (row * SHOWN.width + column);
    const [red = 0, green = 0, blue = 0] = pixels.subarray(at, at + 3);
    return green > red + 40 && green > blue + 40;
  };
  // A side is two pixels wide, and where it begins depends on how half a pixel is rounded.
  const isGreen = ([px, py]: readonly [number, number]) => {
    const column = Math.min(SHOWN.width - 2, Math.round(px * scale));
    const row = Math.min(SHOWN.height - 2, Math.round(py * scale));
    return isGreenAt(column, row) || isGreenAt(column + 1, row + 1);
  };
  return points.filter(isGreen).length / points.length;
}

/** Asserts that the boxes of a message are drawn on a picture. */
async function assertDrawn(
  jpeg: Uint8Array<ArrayBuffer>,
  message: InferenceMessage,
): Promise<void> {
  const pixels = await decodeJpeg(jpeg, "rgb24");
  assert.equal(pixels.length, 3 * SHOWN.width * SHOWN.height);
  for (const { box } of message.detections) {
    const part = outlined(pixels, box);
    assert.ok(part > 0.8, `${part} of a box is drawn`);
    const beside = outlined(pixels, { ...box, x: box.x + 12, y: box.y + 12 });
    assert.ok(beside < 0.5, `${beside} of its inside`);
  }
}

Deno.test({
  name: "live: viewers get the frames that were inferred, in order, and only while they watch",
  ignore,
  async fn() {
    await using rig = await Rig.start({ config: CONFIG });
    await rig.inferences("gate", 3);
    assert.deepEqual(await liveOf(rig), { viewers: 0, pictures: 0 });
    const seqs: number[] = [];
    {
      await using parts = await watch(rig, "gate/live.mjpg");
      while (seqs.length < 20) {
        const { seq, body, headers } = await nextInferred(parts);
        seqs.push(seq);
        assert.equal(headers.get("x-orion-detector"), "person");
        assert.equal(body.length, Number(headers.get("content-length")));
        assert.deepEqual([body[0], body[1]], [0xff, 0xd8]);
      }
      assert.equal((await liveOf(rig)).viewers, 1);
      const metrics = await (await fetch(`${rig.httpUrl}/metrics`)).text();
      assert.ok(metrics.includes('orion_live_viewers{camera="gate"} 1'));
      for (const seq of seqs) {
        await rig.subscriber.waitFor(() => messagesOf(rig).has(seq), {
          what: `the message of frame ${seq}`,
        });
      }
    }
    assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b));
    assert.ok(await unwatched(rig) >= 20);
    const further = () => rig.inferences("gate", messagesOf(rig).size + 5);
    // One may have been on its way when the viewer left.
    await further();
    const { pictures } = await liveOf(rig);
    await further();
    assert.deepEqual(await liveOf(rig), { viewers: 0, pictures });
    assert.equal(await rig.stop(), 0);
  },
});

Deno.test({
  name: "live: the boxes on a picture are those of the message with its number, also in a snapshot",
  ignore,
  async fn() {
    await using rig = await Rig.start({ config: CONFIG });
    await rig.firstInference("gate");
    {
      await using parts = await watch(rig, "gate/live.mjpg?boxes=1");
      let drawn = 0;
      while (drawn < 3) {
        const { seq, body } = await nextInferred(parts);
        const found = () => messagesOf(rig).get(seq);
        await rig.subscriber.waitFor(() => found() !== undefined, { what: `frame ${seq}` });
        const message = found() ?? assert.fail();
        await assertDrawn(body, message);
        if (message.detections.length > 0) drawn++;
      }
    }
    const operator = new Operator(rig);
    const { data } = await operator.command("snapshot", { camera: "gate", boxes: true });
    assert.ok(typeof data === "object" && data !== null && "jpeg" in data);
    const bytes = new Uint8Array(Buffer.from(String(data.jpeg), "base64"));
    const http = await fetch(`${rig.httpUrl}/cameras/gate/snapshot.jpg?boxes=1`);
    assert.equal(http.status, 200);
    const ours = new Uint8Array(await http.arrayBuffer());
    for (const jpeg of [bytes, ours]) {
      const pixels = await decodeJpeg(jpeg, "rgb24");
      // A point on a side of the zone, which no box comes near.
      const at = 3 *
        (Math.round(0.02 * SHOWN.height) * SHOWN.width + Math.round(0.2 * SHOWN.width));
      const [red = 0, , blue = 0] = pixels.subarray(at, at + 3);
      assert.ok(blue > red + 40, `${red} ${blue}`);
    }
    assert.equal((await rig.get("/cameras/shed/live.mjpg")).status, 404);
    await unwatched(rig);
    await using parts = await watch(rig, "gate/live.mjpg");
    await parts.next();
    rig.orion.signal("SIGTERM");
    for (;;) if (await parts.next() === null) break;
    assert.equal((await rig.orion.exit()).code, 0);
  },
});

Deno.test({
  name: "live: a client that reads nothing for a while goes on with newer pictures",
  ignore,
  async fn() {
    using folder = tempFolder();
    const clip = `${folder.path}/noise.mp4`;
    await shell(NOISE, clip);
    const camera = `cameras: [{ id: gate, url: "file:${clip}", loop: true }]`;
    await using rig = await Rig.start({ config: `${camera}\ndetectors: ${DETECTOR}` });
    await rig.firstInference("gate");
    const { hostname, port } = new URL(rig.httpUrl);
    using connection = await Deno.connect({ hostname, port: Number(port) });
    const request = `GET /cameras/gate/live.mjpg HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`;
    await connection.write(new TextEncoder().encode(request));
    await rig.inferences("gate", messagesOf(rig).size + MISSED);
    const newest = Math.max(...messagesOf(rig).keys());
    const seqs: number[] = [];
    const decoder = new TextDecoder("latin1");
    let text = "";
    for await (const chunk of connection.readable) {
      text += decoder.decode(chunk);
      for (const [, seq] of text.matchAll(/\r\nX-Orion-Seq: (\d+)\r\n/g)) seqs.push(Number(seq));
      text = text.slice(-64);
      if ((seqs.at(-1) ?? 0) > newest) break;
    }
    const shown = new Set(seqs);
    const missed = [...messagesOf(rig).keys()].filter((seq) =>
      seq > (seqs[0] ?? 0) && seq <= newest && !shown.has(seq)
    );
    assert.ok(missed.length > MISSED / 4, `${missed.length} pictures were not sent`);
  },
});
