/** Files below `/proc`, read through a shell: Deno reads them only with all permissions. */

/** Clock ticks per second in them: fixed for user space on Linux. */
export const TICKS_HZ = 100;

/** The text of a file; empty when it does not exist. */
export async function shellRead(path: string): Promise<string> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", 'cat "$0"', path] }).output();
  return new TextDecoder().decode(stdout);
}

/** The text of `/proc/PID/FILE`. */
export function proc(pid: number, file: string): Promise<string> {
  return shellRead(`/proc/${pid}/${file}`);
}

/** User and system time in a line of `/proc/PID/stat`; names may contain spaces and brackets. */
export function secondsIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(") ") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_HZ;
}

/** CPU seconds of a process so far. */
export async function cpuSeconds(pid: number): Promise<number> {
  return secondsIn(await proc(pid, "stat"));
}
