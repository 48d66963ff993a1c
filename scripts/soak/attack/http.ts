/** Strange requests, and connections that send half a request or nothing. */
import { httpRequest, TOKEN } from "../../../tests/fuzz/corpus/http.ts";
import { pick } from "../../../tests/fuzz/mutate.ts";
import { OpenConnections, writeAll } from "../../../tests/support/system/connections.ts";
import { atPace, type Attack, type AttackContext, attempt, pause } from "./pace.ts";

const PER_SECOND = 20;
const IDLE_PER_SECOND = 20;
/** More than the interface takes. */
const MAX_IDLE = 200;
/** How long an answer is waited for. */
const ANSWER_MS = 2000;

const latin1 = new TextDecoder("latin1");
const encoder = new TextEncoder();

export const attackHttp: Attack = async (context, signal) => {
  await Promise.all([requests(context, signal), idle(context, signal)]);
};

async function requests({ plan, random, sent }: AttackContext, signal: AbortSignal): Promise<void> {
  await atPace(PER_SECOND, signal, async () => {
    const text = latin1.decode(httpRequest(random)).replaceAll(TOKEN, plan.token)
      .replaceAll(btoa(`orion:${TOKEN}`), btoa(`orion:${plan.token}`));
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);
    await attempt(async () => {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port: plan.httpPort });
      sent.add("HTTP requests");
      await writeAll(connection, bytes, pick(random, [100_000, 100_000, 7, 100]));
      await connection.closeWrite();
      sent.received(await readAll(connection));
    });
  });
}

/** Opens connections and sends nothing, or a request without its end. */
async function idle({ plan, random, sent }: AttackContext, signal: AbortSignal): Promise<void> {
  using open = new OpenConnections();
  await atPace(IDLE_PER_SECOND, signal, async () => {
    await attempt(async () => {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: plan.httpPort });
      open.add(connection);
      open.keep(MAX_IDLE);
      sent.add("idle HTTP connections");
      if (random(2) === 0) await connection.write(encoder.encode("GET /status HTTP/1.1\r\nHost:"));
    });
  });
}

async function readAll(from: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(65_536);
  let text = "";
  const late = new AbortController();
  const isLate = pause(ANSWER_MS, late.signal).then(() => null);
  await attempt(async () => {
    for (;;) {
      const reading = from.read(buffer);
      const count = await Promise.race([reading, isLate]);
      if (count === null) {
        reading.catch(() => {
          // It was still waiting when the connection was closed.
        });
        return;
      }
      text += latin1.decode(buffer.subarray(0, count));
    }
  });
  late.abort();
  return text;
}
