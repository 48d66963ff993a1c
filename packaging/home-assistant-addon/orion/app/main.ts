/**
 * The app of Home Assistant: makes Orion's configuration from the options and from what the supervisor knows
 * of a broker, runs Orion as a user of its own, and serves the ingress in front of it.
 */
import {
  brokerVariables,
  configure,
  type Configured,
  HTTP_ADDRESS,
  type Options,
} from "./configuration.ts";
import { ingress, SUPERVISOR } from "./ingress.ts";
import { mqttService } from "./supervisor.ts";

const OPTIONS = "/data/options.json";
const CONFIGURATION = "/data/orion.yaml";
/** Where the user's own configurations and models are. */
const OWN_FOLDER = "/config";
const INGRESS_PORT = 8099;
/** The user and group of the image. */
const USER = 10001;
const DENO = "/opt/orion/bin/deno";

/** As the image starts Orion (`packaging/Containerfile`), with the folders of an app. */
export function startFlags(): string[] {
  return [
    ...["run", "--quiet", "--no-prompt", "--cached-only", "--no-remote", "--deny-import"],
    ...["--ignore-env", "--allow-env=ORION_CONFIG"],
    `--allow-read=/opt/orion,/data,${OWN_FOLDER}`,
    ...["--allow-ffi=/usr/lib/libc.so.6", "/opt/orion/packaging/container/start.ts"],
  ];
}

function say(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}

function childOf(path: string, variables: Configured["variables"], options: Options) {
  return new Deno.Command(DENO, {
    args: [...startFlags(), "run", "--config", path, "--log-level", options.log_level],
    clearEnv: true,
    env: { ...variables, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1", ORT_DISABLE_TELEMETRY: "1" },
    uid: USER,
    gid: USER,
    stdin: "null",
  }).spawn();
}

async function main(): Promise<number> {
  const options: Options = JSON.parse(Deno.readTextFileSync(OPTIONS));
  const service = await mqttService(Deno.env.get("SUPERVISOR_TOKEN") ?? "", say);
  let path = `${OWN_FOLDER}/${options.configuration ?? ""}`;
  let variables = brokerVariables(options, service);
  if (options.configuration === undefined) {
    path = CONFIGURATION;
    const { text, variables: all } = configure(options, service);
    variables = all;
    Deno.writeTextFileSync(path, text);
  }
  const child = childOf(path, variables, options);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => child.kill(signal));
  }
  const answer = ingress({ upstream: `http://${HTTP_ADDRESS}`, from: SUPERVISOR });
  Deno.serve(
    { port: INGRESS_PORT, hostname: "0.0.0.0", onListen: () => undefined },
    (request, { remoteAddr }) => answer(request, remoteAddr.hostname),
  );
  const { code } = await child.status;
  return code;
}

if (import.meta.main) Deno.exit(await main());
