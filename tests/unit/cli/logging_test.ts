import assert from "node:assert/strict";
import fc from "fast-check";
import { createLog } from "../../../src/cli/logging.ts";
import { Redactor } from "../../../src/core/redact.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { Log, LogLevel } from "../../../src/core/log.ts";

function collect(
  options: { format?: "text" | "json"; level?: LogLevel; secrets?: string[]; colour?: boolean } =
    {},
): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const log = createLog({
    format: options.format ?? "text",
    level: options.level ?? "debug",
    redactor: new Redactor(options.secrets ?? []),
    write: (line) => lines.push(line),
    colour: options.colour ?? false,
  });
  return { log, lines };
}

const TIME = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z";

Deno.test("log: one event is one line of time, level, event and fields", () => {
  const { log, lines } = collect();
  log.info("camera.online", { camera: "gate", fps: 25, ok: true, none: null, gone: undefined });
  assert.equal(lines.length, 1);
  assert.match(
    lines[0] ?? "",
    new RegExp(`^${TIME} INFO camera\\.online camera=gate fps=25 ok=true none=null\\n$`),
  );
});

Deno.test("log: a value that is not a plain word is quoted", () => {
  const { log, lines } = collect();
  log.warning("x", {
    a: "two words",
    b: 'q"',
    c: "",
    d: [1],
    e: { f: "g" },
    h: "k=v",
    i: "Ünïcode",
  });
  assert.match(
    lines[0] ?? "",
    / WARNING x a="two words" b="q\\"" c="" d=\[1\] e=\{"f":"g"\} h="k=v" i=Ünïcode\n$/,
  );
});

Deno.test("log: a JSON line has the same content, and a field cannot replace the time", () => {
  const { log, lines } = collect({ format: "json" });
  log.child({ camera: "gate" }).error("failed", { time: "never", level: 9, code: "X" });
  const { time, ...rest } = JSON.parse(lines[0] ?? "");
  assert.match(time, new RegExp(`^${TIME}$`));
  assert.deepEqual(rest, {
    level: "error",
    event: "failed",
    camera: "gate",
    time_: "never",
    level_: 9,
    code: "X",
  });
});

Deno.test("log: any field value leaves an event on one line without control characters", () => {
  for (const format of ["text", "json"] as const) {
    const { log, lines } = collect({ format });
    fc.assert(fc.property(fc.string({ unit: "binary" }), fc.jsonValue(), (text, value) => {
      lines.length = 0;
      log.info("event", { text, value });
      assert.equal(lines.length, 1);
      const line = lines[0] ?? "";
      assert.ok(line.endsWith("\n") && !/\p{Cc}/u.test(line.slice(0, -1)), line);
      if (format === "json") assert.equal(JSON.parse(line).event, "event");
    }));
  }
});

Deno.test("log: every record is redacted, whatever its values", () => {
  for (const format of ["text", "json"] as const) {
    const { log, lines } = collect({ format, secrets: ["hunter2"] });
    log.error("stream.failed", {
      url: "rtsp://admin:other@cam/s",
      deep: [{ password: "hunter2" }],
      error: new Error("cannot open rtsp://u:third@cam: hunter2"),
      secret: new Secret("fourth"),
    });
    log.info("event hunter2");
    for (const leak of ["hunter2", "other", "third", "fourth"]) {
      assert.ok(!lines.join("").includes(leak), `${leak} in ${lines.join("")}`);
    }
  }
});

Deno.test("log: events below the level are dropped", () => {
  for (const [level, count] of [["debug", 4], ["info", 3], ["warning", 2], ["error", 1]] as const) {
    const { log, lines } = collect({ level });
    log.debug("a");
    log.info("b");
    log.warning("c");
    log.error("d");
    assert.equal(lines.length, count);
  }
});

Deno.test("log: braces in an event are not placeholders", () => {
  const { log, lines } = collect();
  log.info("odd {camera}", { camera: "gate" });
  assert.match(lines[0] ?? "", / odd camera camera=gate\n$/);
});

Deno.test("log: the fields of a line that is too long are replaced by its length", () => {
  for (const format of ["text", "json"] as const) {
    const { log, lines } = collect({ format });
    log.info("huge", { blob: "x".repeat(100_000) });
    assert.ok((lines[0] ?? "").length < 200);
    assert.match(lines[0] ?? "", /cut/);
  }
});

Deno.test("log: colour only when it is enabled", () => {
  const plain = collect();
  plain.log.error("x");
  const coloured = collect({ colour: true });
  coloured.log.error("x");
  assert.ok(!plain.lines.join("").includes("\x1b"));
  assert.ok(coloured.lines.join("").includes("\x1b[31mERROR\x1b[0m"));
});
