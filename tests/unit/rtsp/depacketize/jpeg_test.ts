import assert from "node:assert/strict";
import { Assembly, videoFormat } from "../../../support/cameras/rtp/assembly.ts";
import {
  jpegPayloads,
  parseJpeg,
  quantizationOf,
  type SentJpeg,
} from "../../../support/cameras/rtp/jpeg.ts";
import { joined, noise, picturePackets } from "../../../support/cameras/rtp/packets.ts";

const FORMAT = videoFormat("mjpeg");
/** Random bytes without 0xff, which would be a marker. */
const SCAN = noise(5000, 3).map((byte) => byte & 0x7f);
const TABLES = noise(128, 4);
const PICTURE: SentJpeg = { type: 1, q: 50, width: 640, height: 360, scan: SCAN };

function assembled(pictures: readonly SentJpeg[], format = FORMAT, bytes = 1400): Assembly {
  const assembly = new Assembly(format);
  pictures.forEach((picture, index) => {
    assembly.push(...picturePackets(jpegPayloads(picture, bytes), index * 3000));
  });
  return assembly;
}

function only(picture: SentJpeg, format = FORMAT) {
  const { units } = assembled([picture], format);
  const [unit] = units;
  assert.ok(unit !== undefined && units.length === 1);
  assert.deepEqual([unit.isCorrupt, unit.isKey, unit.isDisposable], [false, true, false]);
  return parseJpeg(unit.data);
}

/** The body of the only segment with a marker. */
function segment(file: ReturnType<typeof parseJpeg>, ...markers: readonly number[]): Uint8Array {
  const found = file.segments.filter(({ marker }) => markers.includes(marker));
  assert.equal(found.length, 1);
  return found[0]?.body ?? new Uint8Array(0);
}

Deno.test("rtsp: JPEG scans round-trip for each payload size of 20 to 1500", () => {
  const dynamic = { ...PICTURE, q: 200, tables: TABLES, scan: SCAN.subarray(0, 1200) };
  const sent = [{ ...PICTURE, scan: SCAN.subarray(0, 2000) }, dynamic];
  for (let bytes = 20; bytes <= 1500; bytes++) {
    const { units } = assembled(sent, FORMAT, bytes);
    const files = units.map(({ data }) => parseJpeg(data));
    assert.deepEqual(
      files.map(({ scan }) => scan),
      sent.map(({ scan }) => scan.slice()),
      `${bytes}`,
    );
    assert.ok(files.every(({ isEnded }) => isEnded));
    assert.ok(units.every(({ isCorrupt }) => !isCorrupt));
  }
});

Deno.test("rtsp: a JPEG file has the size, sampling and tables of its packets", () => {
  const file = only(PICTURE);
  const frame = segment(file, 0xc0);
  assert.deepEqual([...frame], [8, 1, 104, 2, 128, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
  assert.equal(segment(only({ ...PICTURE, type: 0 }), 0xc0)[7], 0x21, "4:2:2");
  assert.equal(file.segments.filter(({ marker }) => marker === 0xdd).length, 0);
  assert.deepEqual([...segment(file, 0xda)], [3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]);
  // Each Huffman table has as many symbols as codes.
  const huffman = segment(file, 0xc4);
  let at = 0;
  const ids: number[] = [];
  while (at < huffman.length) {
    ids.push(huffman[at] ?? -1);
    const lengths = huffman.subarray(at + 1, at + 17);
    const symbols = huffman.subarray(at + 17, at + 17 + lengths.reduce((sum, n) => sum + n, 0));
    assert.equal(new Set(symbols).size, symbols.length);
    at += 17 + symbols.length;
  }
  assert.equal(at, huffman.length);
  assert.deepEqual(ids, [0x00, 0x10, 0x01, 0x11]);
});

Deno.test("rtsp: quantization tables scale with Q as with libjpeg's quality", () => {
  const first = (q: number) => [...quantizationOf(only({ ...PICTURE, q }))].slice(0, 4);
  assert.deepEqual(first(50), [16, 11, 12, 14]);
  assert.deepEqual(first(25), [32, 22, 24, 28]);
  assert.deepEqual(first(90), [3, 2, 2, 3]);
  assert.deepEqual(first(1), [255, 255, 255, 255]);
  assert.deepEqual(first(99), [1, 1, 1, 1]);
  assert.deepEqual(first(110), first(99), "reserved");
  const chroma = quantizationOf(only(PICTURE)).slice(64);
  assert.deepEqual([...chroma.slice(0, 6), chroma[63]], [17, 18, 18, 24, 21, 24, 99]);
});

Deno.test("rtsp: restart intervals are written to the file", () => {
  for (const type of [0, 1]) {
    const file = only({ ...PICTURE, type, restartInterval: 300 });
    assert.deepEqual([...segment(file, 0xdd)], [1, 44]);
    assert.deepEqual(file.scan, SCAN);
  }
});

Deno.test("rtsp: received tables are cached by Q, but not those of 255", () => {
  const none = new Uint8Array(0);
  const other = noise(128, 9);
  const { units } = assembled([
    { ...PICTURE, q: 130, tables: TABLES },
    { ...PICTURE, q: 131, tables: other },
    { ...PICTURE, q: 130, tables: none },
    { ...PICTURE, q: 255, tables: TABLES },
    { ...PICTURE, q: 255, tables: none },
    { ...PICTURE, q: 140, tables: none },
  ]);
  assert.deepEqual(units.map(({ isCorrupt }) => isCorrupt), [
    false,
    false,
    false,
    false,
    true,
    true,
  ]);
  const tables = units.slice(0, 4).map(({ data }) => quantizationOf(parseJpeg(data)));
  assert.deepEqual(tables, [TABLES, other, TABLES, TABLES]);
  assert.equal(units[4]?.data.length, 0);
});

Deno.test("rtsp: 16-bit tables, and one table for all components", () => {
  const wide = only({ ...PICTURE, q: 255, tables: noise(192, 5), precision: 1 });
  assert.deepEqual(quantizationOf(wide), noise(192, 5));
  segment(wide, 0xc1);
  const single = only({ ...PICTURE, q: 255, tables: TABLES.slice(0, 64) });
  assert.deepEqual(quantizationOf(single), TABLES.slice(0, 64));
  assert.deepEqual([...segment(single, 0xc0)].slice(6), [1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0]);
});

Deno.test("rtsp: sizes beyond 2040 pixels come from the session description", () => {
  const size = (picture: Partial<SentJpeg>, sizePx: { width: number; height: number } | null) => {
    const frame = segment(only({ ...PICTURE, ...picture }, videoFormat("mjpeg", { sizePx })), 0xc0);
    return [(frame[3] ?? 0) << 8 | (frame[4] ?? 0), (frame[1] ?? 0) << 8 | (frame[2] ?? 0)];
  };
  assert.deepEqual(size({ width: 0, height: 0 }, { width: 2560, height: 1440 }), [2560, 1440]);
  assert.deepEqual(
    size({ width: 2592, height: 1944 }, { width: 2592, height: 1944 }),
    [2592, 1944],
    "what is left of it in a byte",
  );
  assert.deepEqual(size({ width: 1920, height: 1088 }, { width: 1920, height: 1080 }), [
    1920,
    1088,
  ]);
  assert.deepEqual(
    size({}, { width: 1920, height: 1080 }),
    [640, 360],
    "it is the size of another picture",
  );
  const { units } = assembled([{ ...PICTURE, width: 0 }]);
  assert.deepEqual(units.map(({ isCorrupt }) => isCorrupt), [true], "the size is unknown");
});

Deno.test("rtsp: an EOI marker that a camera sends is not written twice", () => {
  const scan = joined([SCAN, [0xff, 0xd9]]);
  const { data } = assembled([{ ...PICTURE, scan }]).units[0] ?? { data: new Uint8Array(0) };
  const file = parseJpeg(data);
  assert.deepEqual([file.scan, file.isEnded], [SCAN, true]);
});

Deno.test("rtsp: a missing or misplaced JPEG fragment corrupts its picture", () => {
  const packets = picturePackets(jpegPayloads(PICTURE, 1000), 0);
  const next = picturePackets(jpegPayloads(PICTURE, 1400), 3000);
  for (let lost = 0; lost < packets.length; lost++) {
    const assembly = new Assembly(FORMAT);
    assembly.push(...packets.map((packet, index) => index === lost ? null : packet), ...next);
    const isLast = lost === packets.length - 1;
    assert.deepEqual(assembly.units.map(({ isCorrupt }) => isCorrupt), [true, isLast]);
    const silent = new Assembly(FORMAT);
    silent.push(...packets.filter((_, index) => index !== lost), ...next);
    const seen = silent.units.map(({ isCorrupt }) => isCorrupt);
    // Without sequence numbers a missing end of the scan cannot be detected.
    assert.deepEqual(seen, [!isLast, false], `fragment ${lost}, not noticed otherwise`);
  }
});

Deno.test("rtsp: JPEG types that RFC 2435 does not define are counted as unsupported", () => {
  const assembly = assembled([{ ...PICTURE, type: 5 }, PICTURE]);
  assert.equal(assembly.assembler.refusedName, "JPEG type 5");
  assert.deepEqual(assembly.units.map(({ isCorrupt }) => isCorrupt), [true, false]);
});

Deno.test("rtsp: JPEG without marker bits ends where the next picture begins", () => {
  const assembly = new Assembly(FORMAT);
  for (const timestamp of [0, 0, 0]) {
    const packets = picturePackets(jpegPayloads(PICTURE, 1000), timestamp);
    assembly.push(...packets.map((packet) => ({ ...packet, marker: false })));
  }
  assert.deepEqual(assembly.end().map(({ data }) => parseJpeg(data).scan), [SCAN, SCAN, SCAN]);
});
