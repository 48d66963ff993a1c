import assert from "node:assert/strict";
import { UsageError } from "../../../src/core/errors.ts";
import { type Invocation, parseCommandLine } from "../../../src/cli/args.ts";

const COMMON = { config: null, envFile: null, logFormat: "text", logLevel: "info" } as const;

const PROBE = {
  command: "probe",
  address: { from: "argument", url: "rtsp://h/x" },
  json: false,
  transport: "tcp",
  demuxer: "orion",
  track: null,
  fingerprint: null,
  insecure: false,
  ...COMMON,
} as const;
const INIT = { command: "init", offline: false, ...COMMON } as const;
const FINGERPRINT = "0123456789abcdef".repeat(4);

const VALID: readonly { words: string; is: Invocation }[] = [
  { words: "run", is: { command: "run", ...COMMON } },
  { words: "run --config a.yaml", is: { command: "run", ...COMMON, config: "a.yaml" } },
  { words: "run --config=-", is: { command: "run", ...COMMON, config: "-" } },
  { words: "--config a run", is: { command: "run", ...COMMON, config: "a" } },
  { words: "run --config a --config b", is: { command: "run", ...COMMON, config: "b" } },
  {
    words: "run --log-format json --log-level debug",
    is: { command: "run", ...COMMON, logFormat: "json", logLevel: "debug" },
  },
  { words: "check --connect", is: { command: "check", connect: true, ...COMMON } },
  { words: "probe rtsp://h/x", is: PROBE },
  {
    words: "probe rtsp://h/x --json --transport auto --track 31",
    is: { ...PROBE, json: true, transport: "auto", track: 31 },
  },
  {
    words: `probe --fingerprint SHA256:${FINGERPRINT.toUpperCase()} rtsp://h/x`,
    is: { ...PROBE, fingerprint: FINGERPRINT },
  },
  {
    words: "probe rtsp://h/x --insecure --demuxer libav",
    is: { ...PROBE, insecure: true, demuxer: "libav" },
  },
  { words: "probe - --json", is: { ...PROBE, json: true, address: { from: "stdin" } } },
  {
    words: "probe --env CAMERA_1",
    is: { ...PROBE, address: { from: "variable", name: "CAMERA_1" } },
  },
  { words: "init", is: { ...INIT, from: { kind: "arguments", urls: [] } } },
  {
    words: "init --offline rtsp://h/x demo:",
    is: { ...INIT, offline: true, from: { kind: "arguments", urls: ["rtsp://h/x", "demo:"] } },
  },
  { words: "init -", is: { ...INIT, from: { kind: "stdin" } } },
  {
    words: "init --from-frigate config.yml",
    is: { ...INIT, from: { kind: "frigate", file: "config.yml" } },
  },
  { words: "permissions", is: { command: "permissions", as: "table", of: ["run"], ...COMMON } },
  {
    words: "permissions --json",
    is: { command: "permissions", as: "json", of: ["run"], ...COMMON },
  },
  {
    words: "permissions --flags -- check --connect",
    is: { command: "permissions", as: "flags", of: ["check", "--connect"], ...COMMON },
  },
  { words: "--help", is: { command: "help", topic: null } },
  { words: "check -h", is: { command: "help", topic: "check" } },
  { words: "run --version", is: { command: "version" } },
  { words: "-V", is: { command: "version" } },
  { words: "--unpack", is: { command: "unpack" } },
];

for (const { words, is } of VALID) {
  Deno.test(`command line: "${words}" is parsed`, () => {
    assert.deepEqual(parseCommandLine(words.split(" ")), is);
  });
}

const REFUSED: readonly { words: string; says: RegExp }[] = [
  { words: "", says: /No command.*run, check/ },
  { words: "runn", says: /"runn".*Did you mean "run"/ },
  { words: "run twice", says: /"twice"/ },
  { words: "run --confg a", says: /--confg.*Did you mean "--config"/ },
  { words: "run -x", says: /Unknown option -x/ },
  { words: "run --config", says: /--config needs a value/ },
  { words: "run --config --log-level debug", says: /--config needs a value/ },
  { words: "run --log-level loud", says: /"loud".*debug, info/ },
  { words: "run --log-format yaml", says: /"yaml".*text, json/ },
  { words: "run --connect", says: /run takes no option --connect/ },
  { words: "check --json", says: /check takes no option --json/ },
  { words: "check --connect=yes", says: /takes no value/ },
  { words: "probe", says: /needs the address/ },
  { words: "probe rtsp://h/x --env A", says: /not both/ },
  { words: "probe - --env A", says: /not both/ },
  { words: "probe --env rtsp://u:hunter2@h/", says: /^(?!.*hunter2).*not the name of a variable/ },
  { words: "check --env A", says: /check takes no option --env/ },
  { words: "probe rtsp://h/x --transport sctp", says: /"sctp".*tcp, udp, auto/ },
  { words: "probe rtsp://h/x --demuxer gst", says: /"gst".*orion, libav/ },
  { words: "probe rtsp://h/x --track video", says: /--track.*"video".*within 0 and 31/ },
  { words: "probe rtsp://h/x --track 32", says: /--track.*"32".*within 0 and 31/ },
  { words: "probe rtsp://h/x --fingerprint 00", says: /--fingerprint.*sha256:/ },
  { words: "probe rtsp://h/x --insecure=yes", says: /takes no value/ },
  { words: "check --track 1", says: /check takes no option --track/ },
  { words: "init - rtsp://h/x", says: /- or addresses, not both/ },
  { words: "init rtsp://u:hunter2@h/x --from-frigate f", says: /^(?!.*hunter2).*not both/ },
  { words: "init --from-frigate", says: /--from-frigate needs a value/ },
  { words: "init --connect", says: /init takes no option --connect/ },
  { words: "permissions --json --flags", says: /exclude/ },
  { words: "run -- x", says: /nothing after --/ },
];

for (const { words, says } of REFUSED) {
  Deno.test(`command line: "${words}" is refused with a remedy`, () => {
    const args = words === "" ? [] : words.split(" ");
    assert.throws(() => parseCommandLine(args), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(`${error.message} ${error.remedy}`, says);
      return true;
    });
  });
}
