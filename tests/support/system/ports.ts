/**
 * Ports for the servers that tests start.
 *
 * They are below the ephemeral ports of Linux (32768 and up): so between the choice of a port and its use
 * no connection takes it, and a connect to a port without a listener is refused rather than connected to
 * itself. Each test file has a block of its own, whatever runs concurrently: a listener on the block's
 * first port reserves it until the file ends.
 */

const FIRST_PORT = 10_000;
const END_PORT = 32_700;
const PORTS_PER_BLOCK = 100;
const BLOCKS = Math.floor((END_PORT - FIRST_PORT) / PORTS_PER_BLOCK);

/** Blocks are reserved on the second address, so that all ports are free on the first. */
const HOST = "127.0.0.1";
const HOLDING_HOST = "127.0.0.2";

/** A block that is reserved for this file. */
interface Block {
  /** The port that reserves it. */
  readonly port: number;
  /** Referenced, so that it is not collected while the module is loaded. */
  readonly holder: Deno.Listener;
}

function holdBlock(): Block {
  const start = Math.floor(Math.random() * BLOCKS);
  for (let step = 0; step < BLOCKS; step++) {
    const port = FIRST_PORT + (start + step) % BLOCKS * PORTS_PER_BLOCK;
    const holder = listen(HOLDING_HOST, port);
    if (holder !== null) return { port, holder };
  }
  throw new Error("other tests hold every block of ports");
}

function listen(hostname: string, port: number): Deno.Listener | null {
  try {
    return Deno.listen({ hostname, port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return null;
    throw error;
  }
}

/** Reserved from the start of the file, outside its tests, which Deno checks for leaked resources. */
const block = holdBlock();
let given = 0;

function next(): number {
  given = given % (PORTS_PER_BLOCK - 1) + 1;
  return block.port + given;
}

/** A port of 127.0.0.1 without a listener, which no other test gets. */
export function freePort(): number {
  for (let tries = 1; tries < PORTS_PER_BLOCK; tries++) {
    const port = next();
    const listener = listen(HOST, port);
    if (listener === null) continue;
    listener.close();
    return port;
  }
  throw new Error(`all of the ports after ${block.port} are in use`);
}

/** The first, even one of two consecutive free ports, for RTP and RTCP over UDP. */
export function freePortPair(): number {
  const port = next();
  if (port % 2 !== 0 || given === PORTS_PER_BLOCK - 1) return freePortPair();
  return next() - 1;
}

const LISTEN_TRIES = 200;
const RETRY_MS = 5;
const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * Listens on a port that was free a moment ago. A program that another thread of this process starts holds
 * the process's descriptors until it is executed, also that of a listener that is closed meanwhile: so the
 * port may be in use for some milliseconds more.
 */
export function listenPatiently<T>(listen: () => T): T {
  for (let tries = 1;; tries++) {
    try {
      return listen();
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || tries === LISTEN_TRIES) throw error;
    }
    Atomics.wait(pause, 0, 0, RETRY_MS);
  }
}
