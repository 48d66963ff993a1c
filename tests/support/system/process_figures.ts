/** What the kernel counts of another process. */

/** Figures of a process. */
export interface ProcessFigures {
  readonly threads: number;
  readonly descriptors: number;
  readonly residentMiB: number;
}

/** Reads them; needs the permission `run` for `sh`, which may read more of the system than a test. */
export async function processFigures(pid: number): Promise<ProcessFigures> {
  const script = 'ls "/proc/$0/task" | wc -l; ls "/proc/$0/fd" | wc -l; ' +
    `awk '$1 == "VmRSS:" { print $2 }' "/proc/$0/status"`;
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", script, `${pid}`],
  })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const [threads = 0, descriptors = 0, kib = 0] = new TextDecoder().decode(stdout)
    .trim().split("\n").map(Number);
  return { threads, descriptors, residentMiB: kib / 1024 };
}
