/**
 * Writes protobuf messages field by field
 * (https://protobuf.dev/programming-guides/encoding/): the counterpart of `protobuf.ts`.
 */
import { WIRE } from "../protobuf.ts";

/** A field that is a varint. @param value a whole number from 0 to 2^53 */
export function number(field: number, value: number): Uint8Array {
  return join([tag(field, WIRE.varint), varint(value)]);
}

/** A field that is a string. */
export function text(field: number, value: string): Uint8Array {
  return bytes(field, new TextEncoder().encode(value));
}

/** A field that is a message. */
export function message(field: number, parts: readonly Uint8Array[]): Uint8Array {
  return bytes(field, join(parts));
}

/** A field that is bytes. */
export function bytes(field: number, value: Uint8Array): Uint8Array {
  return join([prefix(field, value.length), value]);
}

/** What precedes the content of a field of bytes or a message. */
export function prefix(field: number, length: number): Uint8Array {
  return join([tag(field, WIRE.bytes), varint(length)]);
}

/** One array after another; of messages, the message that they merge to. */
export function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** What precedes the value of a field. */
function tag(field: number, wire: number): Uint8Array {
  return varint(field * 8 + wire);
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  for (let rest = value;; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...out, rest]);
    out.push((rest % 128) + 128);
  }
}
