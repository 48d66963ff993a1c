import { assertNever } from "../core/assert.ts";
import type { CommandName } from "./args.ts";

const COMMON = `
  --config FILE         configuration; default: what ORION_CONFIG names, else ./orion.yaml,
                        else the demo: bundled clip, bundled model, embedded broker
  --log-format FORMAT   text (default) or json; logs go to standard error
  --log-level LEVEL     debug, info (default), warning or error
  -h, --help            this text
  -V, --version         the version
`;

const EXIT_CODES = `
Exit codes: 0 done, 1 failed at run time, 2 bad usage, configuration or permissions,
70 the watchdog gave up (start it again).
`;

/** The text of `--help`. */
export function helpText(topic: CommandName | null): string {
  switch (topic) {
    case null:
      return `Orion: cameras in, detections out.

Usage: orion COMMAND [OPTIONS]     (in a checkout: deno task COMMAND [OPTIONS])

  run                   the service, in the foreground, until SIGINT, SIGTERM or SIGHUP
  check                 validates the configuration and the models
  probe URL             opens one stream and tells what it is
  permissions           what the process and each worker may do

Options of every command:
${COMMON}${EXIT_CODES}`;
    case "run":
      return `Usage: orion run [OPTIONS]

Runs the service in the foreground. SIGINT, SIGTERM and SIGHUP shut it down in order.
${COMMON}${EXIT_CODES}`;
    case "check":
      return `Usage: orion check [OPTIONS]

Validates the configuration and the models, and lists every problem with its place and remedy.

  --connect             also opens each camera and the broker once
${COMMON}${EXIT_CODES}`;
    case "probe":
      return `Usage: orion probe URL [OPTIONS]
       orion probe - [OPTIONS]              reads the URL from standard input
       orion probe --env NAME [OPTIONS]     takes it from an environment variable

Opens one stream and tells its codec, size, frame rate, keyframe interval and the decoders for it;
of a camera also its tracks, and over TLS the fingerprint of its certificate.
URL is what a camera's \`url\` would be: rtsp://, rtsps://, file:PATH or demo:. An argument is seen
by everyone who may list processes: one with a password is better read or taken from a variable.

  --transport NAME      tcp (default), udp, or auto: udp where the camera refuses tcp
  --track NUMBER        the place of the wanted track, from 0; default: the largest that sends
  --fingerprint TEXT    rtsps: the one certificate to accept, sha256: and 64 hexadecimal digits
  --insecure            rtsps: accepts any certificate, whichever host answers
  --demuxer NAME        orion (default), or libav: FFmpeg's own RTSP, which Deno does not limit
  --json                for machines
${COMMON}${EXIT_CODES}`;
    case "permissions":
      return `Usage: orion permissions [OPTIONS] [-- COMMAND [OPTIONS]]

Prints what the process and each worker may do under the configuration, and Deno's flags for it.

  --json                for machines
  --flags               only the flags, one a line, that COMMAND (run, when absent) needs
${COMMON}${EXIT_CODES}`;
    default:
      return assertNever(topic);
  }
}
