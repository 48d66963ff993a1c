/** The kernel refuses to a worker's native code what Deno cannot refuse it; on older kernels, less. */
import assert from "node:assert/strict";
import { landlockAbi } from "../../src/confinement/landlock.ts";
import { ResolverFiles } from "../../src/confinement/resolver.ts";
import { NET_ABI } from "../../src/confinement/ruleset.ts";
import type { Confinement } from "../../src/core/confinement.ts";
import { locateLibav } from "../../src/libav/locate.ts";
import { SystemCalls } from "../../src/libav/system_calls.ts";
import { captureConfinement, inferenceConfinement } from "../../src/permissions/confinement.ts";
import { workerPermissions } from "../../src/permissions/grant.ts";
import { captureGrant } from "../../src/permissions/manifest.ts";
import { Child } from "../support/system/children.ts";
import { tempFolder } from "../support/system/files.ts";
import { ignoreWithout, partPresent } from "../support/system/parts.ts";
import { askWorker } from "../support/workers/ask_worker.ts";
import type { ProbeAnswer, ProbeRequest } from "../support/workers/confinement_probe.ts";
import { bindingPath } from "../support/workers/inference_worker.ts";

const EPERM = 1;
const ENOEXEC = 8;
const EACCES = 13;
/** The version that limits signals. */
const SIGNAL_ABI = 6;

const library = partPresent("libav") ? locateLibav().avutil : bindingPath();

/** What this kernel does not enforce is skipped, and said in the name of the test. */
const abi = (() => {
  using kernel = new SystemCalls(library);
  return landlockAbi(kernel);
})();
const kernelName = abi >= NET_ABI
  ? ""
  : ` (not enforced: this kernel has version ${abi} of Landlock)`;
const ignore = ignoreWithout("libav") || abi < NET_ABI;

interface Given {
  readonly permissions: Deno.PermissionOptions;
  readonly library: string;
  readonly confinement: (ownPort: number) => Confinement | null;
}

/** Lets a worker confine itself and try everything. */
async function probe({ permissions, library, confinement }: Given): Promise<ProbeAnswer> {
  using folder = tempFolder();
  using own = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const program = folder.write("program", "not a program\n");
  Deno.chmodSync(program, 0o700);
  await using victim = new Child({ name: "victim", command: "sh", args: ["-c", "read _"] });
  const request: ProbeRequest = {
    library,
    confinement: confinement(own.addr.port),
    file: folder.write("other.txt", "not for workers\n"),
    program,
    otherPort: other.addr.port,
    ownPort: own.addr.port,
    process: victim.pid,
  };
  const entry = new URL("../support/workers/confinement_probe.ts", import.meta.url);
  return await askWorker(entry, permissions, request);
}

function streamAt(port: number) {
  const endpoint = { hostname: "127.0.0.1", port };
  return {
    ...{ demuxer: "orion", file: null, endpoint, udpPorts: null, decoder: "auto" } as const,
    allowRedirect: [],
  };
}

function ofCamera(port: number): Confinement {
  return captureConfinement(streamAt(port), { required: true, library });
}

/** What a confined thread gets for each native attempt, but for the port of its camera. */
const REFUSED: Readonly<Record<string, number>> = {
  "open the list of users": EACCES,
  "open another file": EACCES,
  "open another file on a helper thread": EACCES,
  "open its own memory": EACCES,
  "create a file": EACCES,
  "start a program": EACCES,
  "connect to another port": EACCES,
  "listen on any port": EACCES,
  "trace a process": EPERM,
  ...abi >= SIGNAL_ABI ? { "signal a process": EPERM } : { "signal a process": 0 },
};

Deno.test({
  name:
    `confinement: natively a camera's thread can connect to its camera and nothing else${kernelName}`,
  ignore,
  async fn() {
    const granted = captureGrant(streamAt(1), locateLibav());
    const { state, native } = await probe({
      permissions: workerPermissions(granted),
      library,
      confinement: ofCamera,
    });
    assert.equal(state.abi, abi);
    assert.deepEqual(native, { ...REFUSED, "connect to its camera's port": 0 });
  },
});

Deno.test({
  name: `confinement: nor through Deno, whatever that permits; a thread beside it can${kernelName}`,
  ignore,
  async fn() {
    const permissions = "inherit";
    const { deno } = await probe({ permissions, library, confinement: ofCamera });
    const { "connect to its camera's port": own, ...rest } = deno;
    assert.equal(own, "done");
    for (const [name, end] of Object.entries(rest)) {
      assert.match(end, /^PermissionDenied$/, name);
    }
    const free = await probe({ permissions, library, confinement: () => null });
    assert.deepEqual(new Set(Object.values(free.deno)), new Set(["done"]));
    const { "start a program": started, "trace a process": _, ...others } = free.native;
    assert.equal(started, ENOEXEC);
    assert.deepEqual(new Set(Object.values(others)), new Set([0]), JSON.stringify(others));
  },
});

Deno.test({
  name:
    `confinement: an inference thread reads no file, not even its model's, and connects nowhere${kernelName}`,
  ignore: abi < NET_ABI,
  async fn() {
    const { native } = await probe({
      permissions: "inherit",
      library: bindingPath(),
      confinement: () =>
        inferenceConfinement({ providers: ["cpu"] }, { required: true, library: bindingPath() }),
    });
    assert.deepEqual(native, { ...REFUSED, "connect to its camera's port": EACCES });
  },
});

Deno.test({
  name: "confinement: a file of the resolver that is replaced, removed or new is noticed",
  ignore: ignoreWithout("libav"),
  fn() {
    using folder = tempFolder();
    using kernel = new SystemCalls(library);
    const hosts = folder.write("hosts", "127.0.0.1 localhost\n");
    const missing = `${folder.path}/gai.conf`;
    const files = new ResolverFiles(kernel, [hosts, missing]);
    folder.write("hosts", "127.0.0.1 localhost gate\n");
    assert.equal(files.replaced(), null, "written in place, it is the same file");
    Deno.renameSync(folder.write("hosts.new", "127.0.0.1 localhost\n"), hosts);
    assert.equal(files.replaced(), hosts);
    const again = new ResolverFiles(kernel, [hosts, missing]);
    assert.equal(again.replaced(), null);
    folder.write("gai.conf", "");
    assert.equal(again.replaced(), missing);
  },
});
