import assert from "node:assert/strict";
import type { Clock } from "../../../src/core/clock.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { OrionError } from "../../../src/core/errors.ts";
import { Secret } from "../../../src/core/secret.ts";
import { checkHttp } from "../../../src/service/http_check.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { freePort } from "../../support/system/ports.ts";
import { app, serve } from "../health/http_rig.ts";

const TOKEN = new Secret("open-sesame");

/** Checks a port of 127.0.0.1, for the instance of `http_rig.ts` unless another is named. */
function check(
  port: number,
  { instance = "lobby-1", clock = systemClock }: { instance?: string; clock?: Clock } = {},
): Promise<string> {
  const listen = { hostname: "127.0.0.1", port };
  const health = { listen, token: TOKEN, statsIntervalSeconds: 10 };
  return checkHttp({ health, instance, clock });
}

/** The message of the error that the check ends with. */
async function failure(checked: Promise<string>): Promise<string> {
  try {
    return assert.fail(await checked);
  } catch (error) {
    if (!(error instanceof OrionError)) throw error;
    assert.equal(error.code, "HTTP_LISTEN");
    assert.match(error.remedy, /health\.listen/);
    return error.message;
  }
}

Deno.test("http check: a free address was listened on, and is free afterwards", async () => {
  const port = freePort();
  for (let time = 0; time < 2; time++) {
    assert.equal(await check(port), `http://127.0.0.1:${port}: free`);
  }
});

Deno.test("http check: no address is not tried", async () => {
  const health = { listen: null, token: null, statsIntervalSeconds: 10 };
  assert.equal(await checkHttp({ health, instance: "a", clock: systemClock }), "off");
});

Deno.test("http check: an address of the running service is as it should be, with and without a token", async () => {
  for (const token of [null, TOKEN, new Secret("the-token-before-it-was-changed")]) {
    const port = freePort();
    const server = serve(app(token), port);
    try {
      assert.equal(
        await check(port),
        `http://127.0.0.1:${port}: in use by this service, which is running (instance "lobby-1")`,
      );
      const other = await failure(check(port, { instance: "attic" }));
      assert.match(other, /another Orion listens there \(instance "lobby-1"\)$/);
    } finally {
      await server.close(Promise.resolve());
    }
  }
});

/** What other programs answer, and how the error names them. */
const OTHERS: readonly (readonly [answer: string, says: RegExp])[] = [
  ["HTTP/1.1 404 Not Found\r\nServer: nginx/1.22\r\nContent-Length: 0\r\n\r\n", /"nginx\/1\.22"$/],
  ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", /which answers HTTP$/],
  ["HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull", /which answers HTTP$/],
  [
    'HTTP/1.1 200 OK\r\nContent-Length: 41\r\n\r\n{"schema":"other/1","instance":"lobby-1"}',
    /which answers HTTP$/,
  ],
  [`HTTP/1.1 200 OK\r\nServer: ${"x".repeat(500)}\r\nContent-Length: 0\r\n\r\n`, /"x{40}"$/],
  ["HTTP/1.1 200 OK\r\nServer: a\x1b[31mb\r\nContent-Length: 0\r\n\r\n", / HTTP( as "a\[31mb")?$/],
  ["220 mail ESMTP\r\n", /which does not answer HTTP$/],
  ["", /which does not answer HTTP$/],
];

for (const [answer, says] of OTHERS) {
  Deno.test(`http check: another program is named as far as it says: ${JSON.stringify(answer.slice(0, 40))}`, async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    let request = "";
    const served = listener.accept().then(async (connection) => {
      const bytes = new Uint8Array(4096);
      request = new TextDecoder().decode(bytes.subarray(0, await connection.read(bytes) ?? 0));
      await connection.write(new TextEncoder().encode(answer));
      connection.close();
    });
    const message = await failure(check(listener.addr.port));
    await served;
    listener.close();
    assert.match(message, says);
    assert.doesNotMatch(message, /[^ -~]/, "no control characters");
    assert.match(request, /^GET \/status HTTP\/1\.1\r\n/);
    assert.ok(!request.includes("sesame") && !/authorization/i.test(request), request);
  });
}

Deno.test("http check: a program that never answers is given a limited time", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const clock = new HeldClock();
  const accepted = listener.accept();
  const failed = failure(check(listener.addr.port, { clock }));
  const connection = await accepted;
  assert.deepEqual(clock.waitsMs, [2000]);
  await clock.pass(2000);
  assert.match(await failed, /which does not answer HTTP$/);
  connection.close();
  listener.close();
});
