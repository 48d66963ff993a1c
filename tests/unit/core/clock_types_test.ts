/** What the compiler refuses; checked with the types of the whole tree. */
import assert from "node:assert/strict";
import {
  plusMs,
  sinceMs,
  type SteadyMs,
  steadyMs,
  type WallMs,
  wallMs,
} from "../../../src/core/clock.ts";
import type {
  FromBroker,
  FromCapture,
  FromInference,
  FromPublisher,
  ToBroker,
  ToCapture,
  ToConsumer,
  ToInference,
  ToMailbox,
  ToPublisher,
} from "../../../src/core/messages.ts";

const STEADY: SteadyMs = steadyMs(1);
const WALL: WallMs = wallMs(1);

Deno.test("clock types: the two clocks do not mix", () => {
  // @ts-expect-error a wall time is no steady instant
  const asSteady: SteadyMs = WALL;
  // @ts-expect-error a steady instant is no wall time
  const asWall: WallMs = STEADY;
  // @ts-expect-error no difference of the two
  const difference = WALL - STEADY;
  // @ts-expect-error nor in the other direction
  const opposite = STEADY - WALL;
  // @ts-expect-error nor by the helper
  sinceMs(WALL, STEADY);
  // @ts-expect-error no order
  const isLater = STEADY > WALL;
  assert.ok([asSteady, asWall, difference, opposite, isLater].length > 0);
});

Deno.test("clock types: a number is no instant, and a wall time no number", () => {
  // @ts-expect-error a duration is no instant
  const asSteady: SteadyMs = 40;
  // @ts-expect-error the sum of an instant and a duration is made by `plusMs`
  const sum: SteadyMs = STEADY + 40;
  // @ts-expect-error nor is a number a wall time
  const asWall: WallMs = Date.now();
  // @ts-expect-error a wall time is no duration
  const asDuration: number = WALL;
  // @ts-expect-error and takes no part in arithmetic
  const later = WALL + 40;
  const right: SteadyMs = plusMs(STEADY, 40);
  assert.ok([asSteady, sum, asWall, asDuration, later, right].length > 0);
});

/** `true` when a value of type `T` holds a steady instant, however deep. */
type HoldsSteady<T> = T extends SteadyMs ? true
  : T extends string | number | boolean | bigint | null | undefined | WallMs ? false
  : T extends MessagePort | ArrayBuffer ? false
  : T extends readonly (infer Item)[] ? HoldsSteady<Item>
  : T extends object ? { [Key in keyof T]-?: HoldsSteady<T[Key]> }[keyof T]
  : false;

type Messages =
  | (ToCapture | FromCapture)
  | (ToConsumer | ToMailbox)
  | (ToInference | FromInference)
  | (ToPublisher | FromPublisher)
  | (ToBroker | FromBroker);

Deno.test("clock types: no message between threads holds a steady instant", () => {
  const held: HoldsSteady<
    { readonly kind: "example"; readonly deep: readonly [{ at: SteadyMs }] }
  > = true;
  // Were there one, it would be `boolean`, and `true` as good.
  const sent: HoldsSteady<Messages> extends false ? "none" : "one" = "none";
  assert.deepEqual([held, sent], [true, "none"]);
});
