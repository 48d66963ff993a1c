/**
 * A worker that tries what an inference worker must not be able to do, and posts how each attempt
 * ended. It runs under the same permissions as the real one.
 */
import { ModelSession } from "../../../src/inference/session.ts";
import type { WorkerScope } from "../../../src/core/worker_entry.ts";
import { bufferBytes, COMMON_SHAPE, inputFor } from "../../../src/core/model_input.ts";

/** What to try it with. */
export interface ProbeRequest {
  readonly model: string;
  readonly otherFile: string;
  readonly port: number;
  readonly otherLibrary: string;
}

/** How each attempt ended: `allowed`, or the name of the error. */
export type ProbeAnswer = Readonly<Record<string, string>>;

async function attempt(act: () => unknown): Promise<string> {
  try {
    await act();
    return "allowed";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

/** Under `--ignore-env` a variable that is not granted reads as not set, which counts as a refusal. */
function something(value: string | undefined): string {
  if (value === undefined) throw new Deno.errors.NotCapable("it reads as not set");
  return value;
}

async function probe(request: ProbeRequest): Promise<ProbeAnswer> {
  const { model, otherFile, port, otherLibrary } = request;
  const load = async () => {
    await using session = await ModelSession.load({ path: model, threads: 1 });
    await session.run(
      new ArrayBuffer(bufferBytes(session.input)),
      inputFor(session.input, COMMON_SHAPE),
    );
  };
  return {
    "load and run the model": await attempt(load),
    "read the model": await attempt(() => Deno.readFile(model)),
    "read another file": await attempt(() => Deno.readFile(otherFile)),
    "read the model's folder": await attempt(() => Deno.readDirSync(`${model}/..`)),
    "write the model": await attempt(() => Deno.writeTextFile(model, "x", { append: true })),
    "write another file": await attempt(() => Deno.writeTextFile(`${otherFile}.new`, "x")),
    "connect": await attempt(() => Deno.connect({ hostname: "127.0.0.1", port })),
    "fetch": await attempt(() => fetch(`http://127.0.0.1:${port}/`)),
    "listen": await attempt(() => Deno.listen({ hostname: "127.0.0.1", port: 0 })),
    "run a program": await attempt(() => new Deno.Command("/bin/true").output()),
    "read the environment": await attempt(() => something(Deno.env.get("HOME"))),
    "list the environment": await attempt(() => something(Object.keys(Deno.env.toObject())[0])),
    "ask for the host's name": await attempt(() => Deno.hostname()),
    "load another library": await attempt(() => Deno.dlopen(otherLibrary, {})),
  };
}

const scope: Partial<WorkerScope> = globalThis;
scope.addEventListener?.(
  "message",
  async (event) => scope.postMessage?.(await probe(event.data), []),
);
