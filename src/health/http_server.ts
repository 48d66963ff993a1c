/**
 * HTTP over connections that are counted and timed: who may connect, how slowly a request may come.
 * The only file that knows Node's HTTP server and hono's adapter to it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import { endpointText } from "../core/endpoint.ts";
import type { Cancel, Clock } from "../core/clock.ts";
import { errorData, OrionError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { type RefusalReason, TcpServer } from "../core/tcp_server.ts";
import { TcpStream } from "../core/tcp_stream.ts";

/** Connections at once; a process has 1,024 descriptors or more, and cameras need theirs. */
export const MAX_CONNECTIONS = 128;
/** Connections of one address at once. */
export const MAX_PER_ADDRESS = 64;
/** From a connection, or the answer before, to the end of a request's header. */
export const HEADER_TIMEOUT_MS = 10_000;
/** From the end of the header to the end of the body. */
export const BODY_TIMEOUT_MS = 10_000;
/** For an answer to a request that did not come in time to be taken. */
const END_TIMEOUT_MS = 1_000;
/** A request's line and header fields. */
export const MAX_HEADER_BYTES = 16 * 1024;

/** The HTTP interface while it listens. */
export interface HealthServer {
  readonly url: string;
  /** Stops listening; requests in progress are answered, but none outlives `deadline`. */
  close(deadline: Promise<unknown>): Promise<void>;
}

export interface HealthServerOptions {
  readonly hostname: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Listens. @throws OrionError `HTTP_LISTEN` when the address cannot be had */
export function serveHealth(app: Hono, options: HealthServerOptions): HealthServer {
  const { hostname, port, clock, log } = options;
  const requests = new Requests(app, clock, log);
  try {
    const server = new TcpServer({
      hostname,
      port,
      clock,
      maxConnections: MAX_CONNECTIONS,
      maxPerAddress: MAX_PER_ADDRESS,
      onConnection: (stream) => requests.serve(stream),
      refusal,
      onAcceptFailed: (error) => log.error("http.accept_failed", { ...errorData(error) }),
    });
    return {
      url: `http://${endpointText(server)}`,
      async close(deadline) {
        server.close();
        await Promise.race([requests.finish(), deadline]);
        await server.end();
      },
    };
  } catch (error) {
    throw new OrionError({
      code: "HTTP_LISTEN",
      message: `Cannot serve HTTP on ${hostname}:${port}: ${
        error instanceof Deno.errors.AddrInUse
          ? "another program listens there"
          : errorData(error).message
      }`,
      retryable: true,
      remedy: 'Stop the other program, or set health.listen to a free address or to "off".',
    }, { cause: error });
  }
}

/** Requests of all connections: each is timed, and what is malformed gets its status. */
class Requests {
  readonly #clock: Clock;
  readonly #server: Server;
  /** Connections whose request has not come whole, and what ends them when it takes too long. */
  readonly #timeouts = new Map<TcpStream, Cancel>();
  /** Connections whose request is not answered yet. */
  readonly #open = new Set<Duplex>();
  #finished: PromiseWithResolvers<void> | null = null;

  constructor(app: Hono, clock: Clock, log: Log) {
    this.#clock = clock;
    const answer = getRequestListener(app.fetch, {
      // Patching the globals is for the whole process, and worth nothing here.
      overrideGlobalObjects: false,
      autoCleanupIncoming: false,
      errorHandler: (error) => {
        // The adapter could make no request of it: its URL or its Host is none.
        log.debug("http.request_refused", { ...errorData(error) });
        return new Response("Bad Request", { status: 400 });
      },
    });
    this.#server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
      this.#begun(request, response);
      // A connection is for one request: then nothing is kept for clients that have nothing to ask.
      response.setHeader("Connection", "close");
      const names = request.rawHeaders.filter((_, at) => at % 2 === 0);
      if (names.filter((name) => name.toLowerCase() === "host").length === 1) {
        void answer(request, response);
      } else response.writeHead(400).end("Bad Request");
    });
    this.#server.on("clientError", (error: NodeJS.ErrnoException, stream) => {
      const isTooLarge = error.code === "HPE_HEADER_OVERFLOW";
      stream.end(
        emptyAnswer(isTooLarge ? "431 Request Header Fields Too Large" : "400 Bad Request"),
      );
    });
  }

  /** Takes a connection over, until it ends. */
  serve(stream: TcpStream): void {
    this.#limit(stream, HEADER_TIMEOUT_MS);
    // A connection that breaks is the client's doing.
    stream.on("error", () => undefined);
    stream.once("close", () => this.#unlimit(stream));
    this.#server.emit("connection", stream);
  }

  /** Ends connections without a request, and settles when the others are answered. */
  finish(): Promise<void> {
    this.#finished = Promise.withResolvers<void>();
    this.#answered(null);
    return this.#finished.promise;
  }

  /** A request's header has come. */
  #begun(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#open.add(socket);
    // Whether it is answered or breaks off before.
    socket.once("close", () => this.#answered(socket));
    response.once("close", () => this.#answered(socket));
    if (socket instanceof TcpStream) {
      this.#limit(socket, BODY_TIMEOUT_MS);
      request.once("end", () => this.#unlimit(socket));
    }
  }

  #answered(socket: Duplex | null): void {
    if (socket !== null) this.#open.delete(socket);
    if (this.#open.size === 0) this.#finished?.resolve();
  }

  /** Ends a connection unless its request has come by then. */
  #limit(stream: TcpStream, withinMs: number): void {
    this.#unlimit(stream);
    const cancel = this.#clock.after(withinMs, () => {
      stream.write(emptyAnswer("408 Request Timeout"));
      stream.destroySoon();
      // One that takes nothing does not get to say when it ends.
      this.#timeouts.set(stream, this.#clock.after(END_TIMEOUT_MS, () => stream.destroy()));
    });
    this.#timeouts.set(stream, cancel);
  }

  #unlimit(stream: TcpStream): void {
    this.#timeouts.get(stream)?.();
    this.#timeouts.delete(stream);
  }
}

function emptyAnswer(status: string): string {
  return `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}

/** What a client gets for whom there is no place. */
function refusal(reason: RefusalReason): Uint8Array {
  const status = reason === "full" ? "503 Service Unavailable" : "429 Too Many Requests";
  return new TextEncoder().encode(emptyAnswer(status));
}
