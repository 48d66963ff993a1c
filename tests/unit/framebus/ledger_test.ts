import assert from "node:assert/strict";
import { total } from "../../../src/core/accounts.ts";
import { LifecycleError } from "../../../src/core/errors.ts";
import { CameraLedger, MailboxLedger } from "../../../src/framebus/ledger.ts";
import { assertCloses } from "../../support/streams/ledger.ts";

Deno.test("camera ledger: packets inside the decoder are neither received nor lost", () => {
  const ledger = new CameraLedger();
  ledger.arrive();
  ledger.arrive();
  ledger.decoded();
  assert.equal(ledger.arrived, 2);
  assert.equal(ledger.received, 1);
  assert.equal(ledger.pending, 1);
  ledger.corrupt();
  assert.equal(ledger.pending, 0);
  assertCloses(ledger.account([]));
});

Deno.test("camera ledger: a frame that never arrived cannot be settled", () => {
  const ledger = new CameraLedger();
  assert.throws(() => ledger.decoded(), LifecycleError);
  assert.throws(() => ledger.corrupt(), LifecycleError);
  assert.throws(() => ledger.undecoded("asleep"), LifecycleError);
});

Deno.test("camera ledger: a buffered frame is received, and settled once", () => {
  const ledger = new CameraLedger();
  assert.throws(() => ledger.buffered(), LifecycleError);
  ledger.arrive();
  ledger.buffered();
  assert.deepEqual([ledger.received, ledger.undecodedTotal, ledger.pending], [1, 1, 0]);
  ledger.decoded("buffered");
  assert.deepEqual([ledger.received, ledger.undecodedTotal, ledger.pending], [1, 0, 0]);
  assert.throws(() => ledger.corrupt("buffered"), LifecycleError);
  ledger.corrupt("settled");
  ledger.undecoded("asleep", "settled");
  assert.equal(ledger.received, 1);
  assertCloses(ledger.account([]));
});

Deno.test("mailbox ledger: a frame lost with its worker is counted as restart, and no count decreases", () => {
  const ledger = new MailboxLedger();
  const account = () =>
    ledger.account({ detector: "person", paused: false, rateHz: null, waiting: 0 });
  ledger.offered();
  ledger.processed();
  ledger.lost();
  assert.equal(account().processed, 1, "corrected at the next delivery");
  assert.equal(total(account().dropped), 0);
  ledger.offered();
  ledger.processed();
  assert.equal(account().processed, 1);
  assert.equal(account().dropped.restart, 1);
  assert.equal(account().decoded, 2);
  ledger.offered();
  ledger.processed();
  assert.equal(account().processed, 2);
  assert.equal(account().dropped.restart, 1);
});
