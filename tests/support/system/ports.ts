/**
 * Ports for what tests start.
 *
 * They lie below the ports that Linux gives to connections and to listeners on port 0 (32768 and up): so
 * between the choice of a port and its use no connection takes it, and a connect to a port where nothing
 * listens is refused rather than connected to itself. Each file of tests has a block of its own, whatever
 * runs beside it: a listener on the block's first port holds it until the file ends.
 */

const FIRST_PORT = 10_000;
const END_PORT = 32_700;
const PORTS_PER_BLOCK = 100;
const BLOCKS = Math.floor((END_PORT - FIRST_PORT) / PORTS_PER_BLOCK);

/** Of this machine; the blocks are held on the second, so that all ports are free on the first. */
const HOST = "127.0.0.1";
const HOLDING_HOST = "127.0.0.2";

/** A block that is held by this file alone. */
interface Block {
  /** The port that is held. */
  readonly port: number;
  /** Referred to, so that it stays open as long as this module does. */
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

/** Held from the start of the file, outside its tests: Deno looks for what a test leaves open. */
const block = holdBlock();
let given = 0;

function next(): number {
  given = given % (PORTS_PER_BLOCK - 1) + 1;
  return block.port + given;
}

/** A port of 127.0.0.1 on which nothing listens, and which no other test is given. */
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

/** The first, even one of two ports in a row, for RTP and RTCP over UDP: nothing receives on them. */
export function freePortPair(): number {
  const port = next();
  if (port % 2 !== 0 || given === PORTS_PER_BLOCK - 1) return freePortPair();
  return next() - 1;
}
