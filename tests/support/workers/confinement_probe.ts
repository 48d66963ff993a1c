/**
 * A worker that confines itself as the product's workers do, tries natively and through Deno what it must
 * not be able to do, and posts how each attempt ended.
 */
import { AT_FDCWD, fixedBuffer } from "../../../src/confinement/kernel.ts";
import { ThreadWall } from "../../../src/confinement/thread_wall.ts";
import type { Confinement, ConfinementState } from "../../../src/core/confinement.ts";
import { logTo } from "../../../src/core/log.ts";
import type { WorkerScope } from "../../../src/core/worker_entry.ts";
import { SystemCalls } from "../../../src/libav/system_calls.ts";

/** What to try it with. */
export interface ProbeRequest {
  readonly library: string;
  /** null: the thread stays free, which shows that the attempts work. */
  readonly confinement: Confinement | null;
  /** A file that no worker needs, and one with the right to execute that is no program. */
  readonly file: string;
  readonly program: string;
  /** A port that something listens on, and that of the camera. */
  readonly otherPort: number;
  readonly ownPort: number;
  /** A process that the attempts may stop. */
  readonly process: number;
}

/** How each attempt ended: natively 0 or `errno`, through Deno "done" or the error's name. */
export interface ProbeAnswer {
  readonly state: ConfinementState;
  readonly native: Readonly<Record<string, number>>;
  readonly deno: Readonly<Record<string, string>>;
}

/** Numbers of the calls that only an attacker makes. */
const CALLS = Deno.build.arch === "aarch64"
  ? {
    openat: 56,
    execve: 221,
    socket: 198,
    connect: 203,
    bind: 200,
    ptrace: 117,
    kill: 129,
    sched_yield: 124,
  }
  : {
    openat: 257,
    execve: 59,
    socket: 41,
    connect: 42,
    bind: 49,
    ptrace: 101,
    kill: 62,
    sched_yield: 24,
  };
const O_WRONLY_CREAT = 0o101;
const AF_INET = 2;
const SOCK_STREAM = 1;
/** Attaches without stopping the process. */
const PTRACE_SEIZE = 0x4206;

/** `struct sockaddr_in` of a port of 127.0.0.1. */
function loopback(port: number): ArrayBuffer {
  const buffer = fixedBuffer(16);
  const view = new DataView(buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  view.setUint32(4, 0x7f000001);
  return buffer;
}

async function tryNatively(kernel: SystemCalls, request: ProbeRequest) {
  const { file, program, otherPort, ownPort, process } = request;
  const open = (path: string, flags: number): [number, ...(number | bigint | ArrayBuffer)[]] => [
    CALLS.openat,
    AT_FDCWD,
    fixedBuffer(path),
    flags,
    0o600,
  ];
  const withSocket = (call: number, port: number) => {
    const socket = kernel.call(CALLS.socket, AF_INET, SOCK_STREAM, 0);
    return kernel.call(call, socket, loopback(port), 16);
  };
  const argv = fixedBuffer(16);
  const results = {
    "open the list of users": kernel.call(...open("/etc/passwd", 0)),
    "open another file": kernel.call(...open(file, 0)),
    "open its own memory": kernel.call(...open("/proc/self/mem", 0)),
    "create a file": kernel.call(...open(`${file}.new`, O_WRONLY_CREAT)),
    "start a program": kernel.call(CALLS.execve, fixedBuffer(program), argv, argv),
    "connect to another port": withSocket(CALLS.connect, otherPort),
    "connect to its camera's port": withSocket(CALLS.connect, ownPort),
    "listen on any port": withSocket(CALLS.bind, 0),
    "trace a process": kernel.call(CALLS.ptrace, PTRACE_SEIZE, process, 0, 0),
    "signal a process": kernel.call(CALLS.kill, process, 0),
  };
  // Several, so that each of the helpers takes one.
  let onHelpers = -1;
  for (let i = 0; i < 8; i++) {
    onHelpers = Math.max(onHelpers, await kernel.callOnHelper(...open(file, 0)));
  }
  const errno = (result: number) => result < 0 ? -result : 0;
  return {
    ...Object.fromEntries(Object.entries(results).map(([name, result]) => [name, errno(result)])),
    // `errno` stays on those threads.
    "open another file on a helper thread": onHelpers < 0 ? 13 : 0,
  };
}

async function outcome(act: () => unknown): Promise<string> {
  try {
    await act();
    return "done";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

async function tryThroughDeno({ file, otherPort, ownPort }: ProbeRequest) {
  const to = async (port: number) => (await Deno.connect({ hostname: "127.0.0.1", port })).close();
  return {
    "read another file": await outcome(() => Deno.readFile(file)),
    "read another file at once": await outcome(() => Deno.readFileSync(file)),
    "write a file": await outcome(() => Deno.writeTextFile(`${file}.new`, "x")),
    "start a program": await outcome(() => new Deno.Command("sh", { args: ["-c", ":"] }).output()),
    "connect to another port": await outcome(() => to(otherPort)),
    "connect to its camera's port": await outcome(() => to(ownPort)),
    "listen on any port": await outcome(() =>
      Deno.listen({ hostname: "127.0.0.1", port: 0 }).close()
    ),
  };
}

async function probe(request: ProbeRequest): Promise<ProbeAnswer> {
  using kernel = new SystemCalls(request.library);
  const open = (library: string) => new SystemCalls(library);
  // Helper threads that are there before, as after the modules of a real worker were loaded.
  await Promise.all([1, 2, 3, 4].map(() => kernel.callOnHelper(CALLS.sched_yield)));
  using wall = await ThreadWall.raise(request.confinement, { log: logTo(() => {}), open });
  const { state } = wall;
  const native = await tryNatively(kernel, request);
  return { state, native, deno: await tryThroughDeno(request) };
}

const scope: Partial<WorkerScope> = globalThis;
scope.addEventListener?.(
  "message",
  async (event) => scope.postMessage?.(await probe(event.data), []),
);
