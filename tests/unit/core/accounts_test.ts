import assert from "node:assert/strict";
import {
  addAccounts,
  type CameraAccount,
  noUndecoded,
  settleBuffered,
  total,
} from "../../../src/core/accounts.ts";
import { assertCloses } from "../../support/streams/ledger.ts";

const ACCOUNT: CameraAccount = {
  received: 20,
  undecoded: { ...noUndecoded(), asleep: 3, nonref: 2, buffered: 4 },
  corrupt: 1,
  decoded: 10,
  detectors: [],
};

Deno.test("accounts: the buffered frames of an ended thread are settled as skipped, and nothing else changes", () => {
  const undecoded = settleBuffered(ACCOUNT.undecoded);
  assert.deepEqual(undecoded, { ...ACCOUNT.undecoded, asleep: 7, buffered: 0 });
  assertCloses({ ...ACCOUNT, undecoded });
});

Deno.test("accounts: the sum over a camera's threads closes, whatever the last of them has buffered", () => {
  const before = { ...ACCOUNT, undecoded: settleBuffered(ACCOUNT.undecoded) };
  const sum = addAccounts(before, ACCOUNT);
  assertCloses(sum);
  assert.deepEqual([sum.received, total(sum.undecoded), sum.undecoded.buffered], [40, 18, 4]);
});
