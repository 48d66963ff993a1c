import assert from "node:assert/strict";
import fc from "fast-check";
import { PartReader } from "../../../src/dashboard/page/mjpeg.js";

interface Sent {
  readonly seq: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** As the service writes a stream of pictures. */
function streamOf(parts: readonly Sent[]): Uint8Array<ArrayBuffer> {
  const delimiter = "--orion-live-picture\r\n";
  const pieces = [new TextEncoder().encode(delimiter)];
  for (const { seq, bytes } of parts) {
    const head =
      `Content-Type: image/jpeg\r\nContent-Length: ${bytes.length}\r\nX-Orion-Seq: ${seq}`;
    pieces.push(new TextEncoder().encode(`${head}\r\n\r\n`), bytes);
    pieces.push(new TextEncoder().encode(`\r\n${delimiter}`));
  }
  return new Uint8Array(pieces.flatMap((piece) => [...piece]));
}

const sent = fc.record({
  seq: fc.nat(),
  // Line breaks in the content are no ends of headers.
  bytes: fc.array(fc.constantFrom(13, 10, 45, 0, 255), { maxLength: 40 })
    .map((values) => new Uint8Array(values)),
}, { noNullPrototype: true });

Deno.test("mjpeg: parts arrive whole and in order, wherever the stream is cut", () => {
  fc.assert(fc.property(
    fc.array(sent, { maxLength: 6 }),
    fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }),
    (parts, cuts) => {
      const stream = streamOf(parts);
      const reader = new PartReader();
      const got: Sent[] = [];
      const lengths = [...cuts];
      for (let at = 0; at < stream.length;) {
        const length = lengths.shift() ?? 1;
        lengths.push(length);
        for (const { headers, bytes } of reader.push(stream.slice(at, at + length))) {
          got.push({ seq: Number(headers.get("x-orion-seq")), bytes });
        }
        at += length;
      }
      assert.deepEqual(got, parts);
    },
  ));
});

Deno.test("mjpeg: a stream that is none of pictures is refused, not stored", () => {
  const cases: readonly (readonly [text: string, error: RegExp])[] = [
    ["x".repeat(20_000), /a header without an end/],
    ["--b\r\nContent-Type: image/jpeg\r\n\r\n", /a part without a length/],
    ["--b\r\nContent-Length: -4\r\n\r\n", /a part without a length/],
    ["--b\r\nContent-Length: 99999999999\r\n\r\n", /a part without a length/],
  ];
  for (const [text, error] of cases) {
    assert.throws(() => new PartReader().push(new TextEncoder().encode(text)), error);
  }
});
