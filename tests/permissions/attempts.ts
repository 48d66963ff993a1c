/** A worker that tries what it is told to, and says what came of each. */
import { serve } from "../../src/core/worker_entry.ts";

export type Attempt =
  | { readonly kind: "read" | "write" | "ffi"; readonly path: string }
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "connect"; readonly hostname: string; readonly port: number }
  | { readonly kind: "run"; readonly program: string };

export interface Outcome {
  readonly attempt: Attempt;
  /** `refused`: by Deno, for want of the permission; `failed`: for any other reason. */
  readonly result: "done" | "refused" | "failed";
}

/** Does it; throws when it may not or cannot. */
async function make(attempt: Attempt): Promise<void> {
  switch (attempt.kind) {
    case "read":
      await Deno.readFile(attempt.path);
      return;
    case "write":
      await Deno.writeTextFile(attempt.path, "");
      return;
    case "ffi":
      Deno.dlopen(attempt.path, {}).close();
      return;
    case "env":
      // Ignored variables answer undefined; any answer but that is one too many.
      if (Deno.env.get(attempt.name) === undefined) throw new Deno.errors.NotCapable("hidden");
      return;
    case "connect":
      (await Deno.connect({ hostname: attempt.hostname, port: attempt.port })).close();
      return;
    case "run":
      await new Deno.Command(attempt.program).output();
      return;
  }
}

async function outcome(attempt: Attempt): Promise<Outcome> {
  try {
    await make(attempt);
    return { attempt, result: "done" };
  } catch (error) {
    const refused = error instanceof Deno.errors.NotCapable;
    return { attempt, result: refused ? "refused" : "failed" };
  }
}

serve<readonly Attempt[], { readonly kind: "outcomes"; readonly outcomes: readonly Outcome[] }>(
  ({ post }) => async (attempts) => {
    const outcomes: Outcome[] = [];
    for (const attempt of attempts) outcomes.push(await outcome(attempt));
    post({ kind: "outcomes", outcomes });
  },
);
