/** What a part of Orion must not do, tried for real. */

/** One thing to try. */
export type Attempt =
  | { readonly act: "read" | "list" | "stat" | "write" | "ffi" | "import"; readonly path: string }
  | {
    readonly act: "connect" | "listen" | "fetch";
    readonly hostname: string;
    readonly port: number;
  }
  | { readonly act: "env" | "resolve" | "run"; readonly name: string }
  | { readonly act: "pointer" | "hostname" | "release" | "kill" | "ask" | "escalate" };

/** `refused`: by Deno, for want of the permission; `failed`: for any other reason. */
export type Outcome = "done" | "refused" | "failed";

/** Does it; throws when it may not or cannot. */
async function make(attempt: Attempt): Promise<void> {
  switch (attempt.act) {
    case "read":
      await Deno.readFile(attempt.path);
      return;
    case "list":
      Array.from(Deno.readDirSync(attempt.path));
      return;
    case "stat":
      await Deno.stat(attempt.path);
      return;
    case "write":
      (await Deno.open(attempt.path, { write: true, create: true })).close();
      return;
    case "ffi":
      Deno.dlopen(attempt.path, {}).close();
      return;
    case "import":
      await import(attempt.path);
      return;
    case "connect":
      (await Deno.connect(attempt)).close();
      return;
    case "listen":
      Deno.listen(attempt).close();
      return;
    case "fetch":
      await (await fetch(`http://${attempt.hostname}:${attempt.port}/`)).body?.cancel();
      return;
    case "env":
      // A variable that is hidden answers as one that is not set.
      if (Deno.env.get(attempt.name) === undefined) throw new Deno.errors.NotCapable("hidden");
      return;
    case "resolve":
      await Deno.resolveDns(attempt.name, "A");
      return;
    case "run":
      await new Deno.Command(attempt.name).output();
      return;
    case "pointer":
      Deno.UnsafePointer.create(1n);
      return;
    case "hostname":
      Deno.hostname();
      return;
    case "release":
      Deno.osRelease();
      return;
    case "kill":
      Deno.kill(Deno.ppid, "SIGCONT");
      return;
    case "ask":
      if ((await Deno.permissions.request({ name: "read" })).state !== "granted") {
        throw new Deno.errors.NotCapable("hidden");
      }
      return;
    case "escalate":
      new Worker("data:application/javascript,", {
        type: "module",
        deno: { permissions: { read: true } },
      }).terminate();
      return;
  }
}

/**
 * Tries everything, one after the other, and reports each outcome. Names nothing but {@link make},
 * so that their text alone is a worker: {@link attemptsUrl}.
 */
export async function tryAll(
  attempts: Readonly<Record<string, Attempt>>,
): Promise<Record<string, Outcome>> {
  const outcomes: Record<string, Outcome> = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      await make(attempt);
      outcomes[name] = "done";
    } catch (error) {
      outcomes[name] = error instanceof Deno.errors.NotCapable ||
          /^Requires \w+ access to/.test(error instanceof Error ? error.message : "")
        ? "refused"
        : "failed";
    }
  }
  return outcomes;
}

/** A worker that takes attempts, and answers with {@link tryAll}'s outcomes. Needs no file. */
export function attemptsUrl(): string {
  const source =
    `${make}; ${tryAll}; onmessage = async ({ data }) => postMessage(await tryAll(data));`;
  return `data:application/javascript,${encodeURIComponent(source)}`;
}
