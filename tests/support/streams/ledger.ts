/** The sums of the ledger by the contract. */
import assert from "node:assert/strict";
import { type CameraAccount, total } from "../../../src/core/accounts.ts";

/** Asserts that an account closes, for the camera and for each of its detectors. */
export function assertCloses(account: CameraAccount, message = ""): void {
  assert.equal(
    account.received,
    total(account.undecoded) + account.corrupt + account.decoded,
    `${message} received = undecoded + corrupt + decoded`,
  );
  for (const mailbox of account.detectors) {
    assert.ok(mailbox.waiting === 0 || mailbox.waiting === 1, `${message} waiting is 0 or 1`);
    assert.equal(
      mailbox.decoded,
      mailbox.processed + total(mailbox.dropped) + mailbox.waiting,
      `${message} ${mailbox.detector}: decoded = processed + dropped + waiting`,
    );
  }
}
