/**
 * The effective permissions of the process and of each worker, under the launcher's flags and the grants
 * of the manifest. The table is written by hand: a changed grant has to be changed here as well.
 */
import assert from "node:assert/strict";
import { ROOT } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import type { Attempt, Outcome } from "./attempts.ts";
import {
  places,
  type Product,
  product,
  REDIRECT_HOST,
  shippedFlags,
  startDeno,
  VARIABLE,
} from "./product.ts";

/** An attempt, and the parts that may make it: one of them, or all of its kind. */
type Row = readonly [Attempt, ...string[]];

function filesTable({ folder, config }: Product): Record<string, Row> {
  const at = (path: string): Attempt => ({ act: "read", path });
  return {
    "read Orion's main module": [at(`${ROOT}/main.ts`)],
    "read the code of the workers": [at(`${ROOT}/workers/capture.ts`), "process"],
    "read what the workers import": [at(`${ROOT}/src/core/log.ts`), "process"],
    "read Orion's own configuration of Deno": [at(`${ROOT}/deno.json`)],
    "read a package": [at(`${ROOT}/node_modules/zod/package.json`)],
    "read the bundled clip": [at(`${ROOT}/assets/demo.mp4`)],
    "read a bundled model": [at(`${ROOT}/models/nanodet-g.onnx`), "process", "inference"],
    "read a file beside the configuration": [at(`${folder}/other.txt`)],
    "list the configuration's folder": [{ act: "list", path: folder }],
    "read the list of users": [at("/etc/passwd")],
    "read its own environment": [at("/proc/self/environ")],
    "write a bundled model": [{ act: "write", path: `${ROOT}/models/nanodet-g.onnx` }],
    "write the configuration": [{ act: "write", path: config }],
    "write a new file": [{ act: "write", path: `${folder}/new.txt` }],
    "check whether libav exists": [{ act: "stat", path: places().libav.avutil }, "process"],
    "read the configuration": [at(config), "process"],
  };
}

function namedTable({ folder }: Product): Record<string, Row> {
  const at = (name: string): Attempt => ({ act: "read", path: `${folder}/${name}` });
  return {
    "read the detector's model": [at("own.onnx"), "process", "inference"],
    "read a model of the models' folder": [at("models/spare.onnx"), "process", "inference"],
    "read the broker's password": [at("password"), "process"],
    "read the token": [at("token"), "process"],
    "read the authority's certificate": [at("ca.pem"), "process", "publisher"],
    "read the client's certificate": [at("cert.pem"), "process", "publisher"],
    "read the client's key": [at("key.pem"), "process", "publisher"],
    "read the camera's file": [at("clip.mp4"), "process"],
    "read a variable that the configuration names": [{ act: "env", name: VARIABLE }, "process"],
  };
}

const to = (port: number, hostname = "127.0.0.1") => ({ act: "connect", hostname, port }) as const;
const at = (port: number, hostname = "127.0.0.1") => ({ act: "listen", hostname, port }) as const;

/** @param other  a port that something listens on, and that the configuration does not name */
function networkTable({ ports: { broker, health } }: Product, other: number): Record<string, Row> {
  return {
    "connect to the broker": [to(broker), "process", "publisher", "broker"],
    "connect to the broker's port of another host": [to(broker, "127.0.0.2")],
    "connect to Orion's own HTTP": [to(health), "process"],
    "connect to another port of their host": [to(other)],
    "connect to another port by a name of the host": [to(other, "localhost")],
    "connect to another port by IPv6": [to(other, "::1")],
    "fetch from elsewhere": [{ ...to(other), act: "fetch" }],
    "serve HTTP where it is configured": [at(health), "process"],
    "serve HTTP for everybody": [at(health, "0.0.0.0")],
    "listen on any port": [at(0)],
    "resolve a name": [{ act: "resolve", name: "example.invalid" }],
  };
}

/** A camera is reached by Orion's own RTSP alone: not by the threads of files, nor where libav has sockets. */
function cameraTable({ ports: { camera, redirect } }: Product): Record<string, Row> {
  return {
    "connect to the camera": [to(camera), "process", "capture gate"],
    "connect to where the camera may lead to": [
      to(redirect, REDIRECT_HOST),
      "process",
      "capture gate",
    ],
    "connect to the camera's port of another host": [to(camera, "127.0.0.2")],
    "connect to the camera by another name of its host": [to(camera, "localhost")],
    "connect to that port of the camera's own host": [to(redirect)],
  };
}

/** Receiver reports go to ports that the camera names only when the thread runs. */
function udpTable({ ports: { camera, rtp, broker } }: Product, other: number): Record<string, Row> {
  return {
    "connect to the camera": [to(camera), "process", "capture gate"],
    "connect to another port of the camera": [to(other), "process", "capture gate"],
    "connect to the camera's port of another host": [to(camera, "127.0.0.2")],
    "connect to the broker": [to(broker), "process", "capture gate", "publisher", "broker"],
    "receive RTP": [at(rtp, "0.0.0.0"), "process", "capture gate"],
    "receive RTCP": [at(rtp + 1, "0.0.0.0"), "process", "capture gate"],
    "receive on the port after them": [at(rtp + 2, "0.0.0.0")],
    "receive on the port before them": [at(rtp - 1, "0.0.0.0")],
    "load the library that opens sockets": [{ act: "ffi", path: places().libav.avformat }],
  };
}

function systemTable({ folder }: Product): Record<string, Row> {
  const { libav, onnxruntime } = places();
  const load = (path: string): Attempt => ({ act: "ffi", path });
  return {
    "load libavutil": [load(libav.avutil), "process", "capture"],
    "load libavcodec": [load(libav.avcodec), "process", "capture"],
    "load libavformat": [
      load(libav.avformat),
      "process",
      "capture clip",
      "capture old",
      "capture demo",
    ],
    "load libswscale": [load(libav.swscale), "process", "capture"],
    "load ONNX Runtime's binding": [load(onnxruntime.binding), "process", "inference"],
    "load the library beside it": [load(`${onnxruntime.folder}/libonnxruntime.so.1`)],
    "load libc": [load(libav.avutil.replace(/[^/]+$/, "libc.so.6"))],
    "load libc by its name": [load("libc.so.6")],
    "make a pointer": [{ act: "pointer" }],
    "read a variable that is not configured": [{ act: "env", name: "PATH" }],
    "run a program": [{ act: "run", name: "/bin/true" }],
    "send a signal": [{ act: "kill" }],
    "ask for the host's name": [{ act: "hostname" }],
    "ask for the system's release": [{ act: "release" }],
    "ask for more": [{ act: "ask" }],
    "start a worker that may more": [{ act: "escalate" }],
    "import code from a file": [{ act: "import", path: `file://${folder}/other.js` }],
    "import code from the network": [{ act: "import", path: "https://127.0.0.1:9/code.js" }],
  };
}

/** Lets every part try everything, as started by the launcher's flags. */
async function outcomesOf(
  product: Product,
  table: Readonly<Record<string, Row>>,
): Promise<Record<string, Record<string, Outcome>>> {
  const attempts = Object.fromEntries(Object.entries(table).map(([name, [what]]) => [name, what]));
  await using probe = startDeno(
    await shippedFlags(product),
    [`${ROOT}/tests/permissions/probe.ts`, product.config, JSON.stringify(attempts)],
    product.env,
  );
  const { code } = await probe.exit();
  assert.equal(code, 0, probe.stderr.text());
  return JSON.parse(probe.stdout.text());
}

function assertTable(
  outcomes: Readonly<Record<string, Record<string, Outcome>>>,
  table: Readonly<Record<string, Row>>,
): void {
  for (const [part, found] of Object.entries(outcomes)) {
    const isMeant = (name: string) => part === name || part.startsWith(`${name} `);
    const may = Object.keys(found).filter((name) => found[name] !== "refused");
    const should = Object.entries(table).filter(([, [, ...parts]]) => parts.some(isMeant));
    assert.deepEqual(may.sort(), should.map(([name]) => name).sort(), `what ${part} may do`);
    assert.equal(Object.keys(found).length, Object.keys(table).length);
  }
}

Deno.test({
  name: "permissions: each part is allowed what the table grants, and denied everything else",
  ignore: ignoreWithout("libav"),
  async fn() {
    using full = product("full");
    using _broker = Deno.listen({ hostname: "127.0.0.1", port: full.ports.broker });
    using _camera = Deno.listen({ hostname: "127.0.0.1", port: full.ports.camera });
    using _redirect = Deno.listen({ hostname: REDIRECT_HOST, port: full.ports.redirect });
    using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const table = {
      ...filesTable(full),
      ...namedTable(full),
      ...networkTable(full, other.addr.port),
      ...cameraTable(full),
      ...systemTable(full),
    };
    const outcomes = await outcomesOf(full, table);
    assert.deepEqual(Object.keys(outcomes), [
      "process",
      "capture gate",
      "capture old",
      "capture clip",
      "inference person",
      "publisher",
    ]);
    assertTable(outcomes, table);
    const reached = outcomes["capture gate"] ?? {};
    assert.equal(reached["connect to the camera"], "done");
    assert.equal(reached["connect to where the camera may lead to"], "done");
  },
});

Deno.test({
  name:
    "permissions: over UDP a camera's thread has its address and two ports, and no socket of libav",
  ignore: ignoreWithout("libav"),
  async fn() {
    using udp = product("udp");
    using _camera = Deno.listen({ hostname: "127.0.0.1", port: udp.ports.camera });
    using _broker = Deno.listen({ hostname: "127.0.0.1", port: udp.ports.broker });
    using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const table = udpTable(udp, other.addr.port);
    const outcomes = await outcomesOf(udp, table);
    assert.deepEqual(Object.keys(outcomes)[1], "capture gate");
    assertTable(outcomes, table);
    for (const name of ["connect to the camera", "receive RTP", "receive RTCP"]) {
      assert.equal(outcomes["capture gate"]?.[name], "done", name);
    }
  },
});

Deno.test({
  name:
    "permissions: the embedded broker is allowed what the table grants, and denied everything else",
  ignore: ignoreWithout("libav"),
  async fn() {
    using embedded = product("embedded");
    using _broker = Deno.listen({ hostname: "127.0.0.1", port: embedded.ports.broker });
    using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const table = {
      ...filesTable(embedded),
      ...networkTable(embedded, other.addr.port),
      ...systemTable(embedded),
    };
    const outcomes = await outcomesOf(embedded, table);
    assert.deepEqual(Object.keys(outcomes), [
      "process",
      "capture demo",
      "inference person",
      "publisher",
      "broker",
    ]);
    assertTable(outcomes, table);
  },
});
