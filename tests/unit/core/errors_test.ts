import assert from "node:assert/strict";
import {
  BrokerError,
  type ErrorData,
  errorData,
  errorFromData,
  LibraryError,
  LifecycleError,
  ModelError,
  OrionError,
  StreamError,
  UsageError,
} from "../../../src/core/errors.ts";
import { assertAttached, assertNever } from "../../../src/core/assert.ts";

const DATA: ErrorData = {
  code: "STREAM_REFUSED",
  message: 'Cannot open camera "gate": the server answered 401',
  retryable: true,
  remedy: "Set the user and password in cameras[0].url.",
};

/** What the system says when it has run out of something, and what is to be done. */
const OUT_OF_SOMETHING = [
  ["Too many open files (os error 24)", /ulimit -n/],
  ["EMFILE: too many open files, open 'x'", /ulimit -n/],
  ["WouldBlock: Resource temporarily unavailable (os error 11)", /threads/],
  ["Cannot allocate memory (os error 12)", /memory/],
  ["No space left on device (os error 28)", /disk/],
] as const;

Deno.test("errors: an error crosses a thread as data and keeps code, remedy and retryable", () => {
  for (const Kind of [OrionError, LibraryError, StreamError, ModelError, BrokerError]) {
    const error = new Kind(DATA);
    assert.equal(error.name, Kind.name);
    const sent: ErrorData = structuredClone(error.toData());
    assert.deepEqual(sent, DATA);
    assert.deepEqual(errorFromData(sent).toData(), DATA);
  }
});

Deno.test("errors: anything thrown becomes data with a code", () => {
  assert.deepEqual(errorData(new StreamError(DATA)), DATA);
  assert.equal(errorData(new UsageError("no")).code, "USAGE");
  assert.equal(errorData(new LifecycleError("no")).code, "LIFECYCLE");
  for (const thrown of [new TypeError("x is not a function"), "text", undefined, null, 7]) {
    const data = errorData(thrown);
    assert.equal(data.code, "INTERNAL");
    assert.ok(data.message.length > 0 && data.remedy.length > 0);
  }
  for (const [text, remedy] of OUT_OF_SOMETHING) {
    const { code, retryable, ...data } = errorData(new Error(text));
    assert.deepEqual({ code, retryable }, { code: "SYSTEM_LIMIT", retryable: true });
    assert.match(data.remedy, remedy);
  }
});

Deno.test("errors: the cause stays with the error that names the remedy", () => {
  const cause = new Error("ENOENT");
  assert.equal(new ModelError(DATA, { cause }).cause, cause);
});

Deno.test("assert: a transferred buffer is detected where it changes hands", () => {
  const buffer = new ArrayBuffer(8);
  assertAttached(buffer, "here");
  structuredClone(buffer, { transfer: [buffer] });
  assert.throws(() => assertAttached(buffer, "mailbox.put"), /mailbox\.put.*transferred/);
});

Deno.test("assert: an unhandled value is a LifecycleError", () => {
  const call = () => Reflect.apply(assertNever, undefined, [{ kind: "new" }]);
  assert.throws(call, LifecycleError);
});
