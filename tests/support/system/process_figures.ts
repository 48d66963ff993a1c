/** What the kernel counts of a process of Deno. */

/** Figures of a process. */
export interface ProcessFigures {
  /** Threads of workers; of those that end, until they have. */
  readonly workers: number;
  readonly descriptors: number;
  readonly residentMiB: number;
}

/** Reads them through `sh`, which may read more of the system than a test. */
export async function processFigures(pid: number): Promise<ProcessFigures> {
  // Native code names its threads as the worker that starts them.
  const script = 'cat "/proc/$0"/task/*/comm 2>/dev/null | grep "^worker-" | sort -u | wc -l; ' +
    'ls "/proc/$0/fd" | wc -l; ' +
    `awk '$1 == "VmRSS:" { print $2 }' "/proc/$0/status"`;
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", script, `${pid}`],
  })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const [workers = 0, descriptors = 0, kib = 0] = new TextDecoder().decode(stdout)
    .trim().split("\n").map(Number);
  return { workers, descriptors, residentMiB: kib / 1024 };
}
