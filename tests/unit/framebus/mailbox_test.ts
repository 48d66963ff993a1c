import assert from "node:assert/strict";
import fc from "fast-check";
import { Mailbox } from "../../../src/framebus/mailbox.ts";

Deno.test("mailbox: a newer value displaces the waiting one and returns it", () => {
  const mailbox = new Mailbox<number>();
  assert.equal(mailbox.put(1), null);
  assert.equal(mailbox.put(2), 1);
  assert.equal(mailbox.held, 2);
  assert.equal(mailbox.take(), 2);
  assert.equal(mailbox.take(), null);
});

Deno.test("mailbox: in any order of puts and takes each value is returned once, and a take returns the newest", () => {
  fc.assert(fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (puts) => {
    const mailbox = new Mailbox<number>();
    const out: number[] = [];
    let next = 0;
    for (const put of puts) {
      const value = put ? mailbox.put(next++) : mailbox.take();
      if (!put && value !== null) assert.equal(value, next - 1, "a take returns the newest");
      if (value !== null) out.push(value);
    }
    const last = mailbox.take();
    if (last !== null) out.push(last);
    assert.deepEqual(out, Array.from({ length: next }, (_, index) => index));
  }));
});
