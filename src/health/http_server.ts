/**
 * Serves HTTP with bounds on the number of connections and on the time a request may take.
 * The only file that uses Node's HTTP server and hono's adapter to it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { getRequestListener, type Http2Bindings, type HttpBindings } from "@hono/node-server";
import type { Hono } from "hono";
import { endpointText } from "../core/endpoint.ts";
import type { Cancel, Clock } from "../core/clock.ts";
import { errorData } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { type RefusalReason, TcpServer } from "../core/tcp_server.ts";
import { TcpStream } from "../core/tcp_stream.ts";
import { Connection } from "./connection.ts";
import { listenError } from "./listen_error.ts";

/** Open connections; a process has 1,024 file descriptors or more, and cameras need theirs. */
export const MAX_CONNECTIONS = 384;
/** Open connections from one address, which may be a proxy in front: its readers of events and more. */
export const MAX_PER_ADDRESS = 256;
/** From the connection to the end of the request's header. */
export const HEADER_TIMEOUT_MS = 10_000;
/** From the end of the header to the end of the body. */
const BODY_TIMEOUT_MS = 10_000;
/** For the client to accept the 408 response. */
const END_TIMEOUT_MS = 1_000;
/** For the client to send the rest of a body that was answered before its end. */
const REST_TIMEOUT_MS = 2_000;
/** Of the request line and the header fields. */
export const MAX_HEADER_BYTES = 16 * 1024;

const BAD_REQUEST = {
  error: "the request is not valid HTTP",
  code: "HTTP_BAD_REQUEST",
  remedy: "Send one Host field, and a URL that can be parsed.",
} as const;
const JSON_TYPE = { "Content-Type": "application/json" } as const;

/** The HTTP interface while it listens. */
export interface HealthServer {
  readonly url: string;
  /** Stops listening; answers requests in progress until `deadline` settles. */
  close(deadline: Promise<unknown>): Promise<void>;
}

export interface HealthServerOptions {
  readonly hostname: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Starts to listen. @throws OrionError `HTTP_LISTEN` when the address is not available */
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
    throw listenError(options, error);
  }
}

/** Requests of all connections: limits their time, and answers malformed ones. */
class Requests {
  readonly #clock: Clock;
  readonly #server: Server;
  /** Connections with an incomplete request, with their timers. */
  readonly #timers = new Map<TcpStream, Cancel>();
  /** Connections that had their one request. */
  readonly #used = new WeakSet<Duplex>();
  /** Connections with a request in progress. */
  readonly #open = new Set<Duplex>();
  #finished: PromiseWithResolvers<void> | null = null;

  constructor(app: Hono, clock: Clock, log: Log) {
    this.#clock = clock;
    const fetch = (request: Request, { incoming: { socket } }: HttpBindings | Http2Bindings) =>
      app.fetch(request, connectionOn(socket));
    const answer = getRequestListener(fetch, {
      // Patching the globals would affect the whole process.
      overrideGlobalObjects: false,
      autoCleanupIncoming: false,
      errorHandler: (error) => {
        // The adapter throws where the URL or the Host field is invalid.
        log.debug("http.request_refused", { ...errorData(error) });
        return Response.json(BAD_REQUEST, { status: 400 });
      },
    });
    this.#server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
      // One request per connection, so that idle clients hold none. Those sent behind it get no response.
      if (this.#used.has(request.socket)) return;
      this.#used.add(request.socket);
      this.#onHeader(request, response);
      response.setHeader("Connection", "close");
      const hosts = request.rawHeaders
        .filter((name, at) => at % 2 === 0 && name.toLowerCase() === "host").length;
      if (hosts === 0 && request.httpVersion === "1.0") {
        // It needs none, and health checks of load balancers send none.
        request.headers.host = "localhost";
        request.rawHeaders.push("Host", "localhost");
        void answer(request, response);
      } else if (hosts === 1) {
        void answer(request, response);
      } else response.writeHead(400, JSON_TYPE).end(JSON.stringify(BAD_REQUEST));
    });
    this.#server.on("clientError", (error: NodeJS.ErrnoException, stream) => {
      // The parser is another connection's by now: under Deno it would parse what this one still sends.
      stream.removeAllListeners("data");
      stream.removeAllListeners("end");
      stream.resume();
      const isTooLarge = error.code === "HPE_HEADER_OVERFLOW";
      stream.end(
        emptyResponse(isTooLarge ? "431 Request Header Fields Too Large" : "400 Bad Request"),
      );
    });
  }

  /** Serves a connection until it closes. */
  serve(stream: TcpStream): void {
    this.#startTimer(stream, HEADER_TIMEOUT_MS);
    // A broken connection is not an error of the server.
    stream.on("error", () => undefined);
    stream.once("close", () => this.#stopTimer(stream));
    this.#server.emit("connection", stream);
  }

  /** Resolves when every request in progress is answered. */
  finish(): Promise<void> {
    this.#finished = Promise.withResolvers<void>();
    this.#onAnswered(null);
    return this.#finished.promise;
  }

  /** Handles a complete header. */
  #onHeader(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#open.add(socket);
    // Whichever comes first: a response, or a broken connection.
    socket.once("close", () => this.#onAnswered(socket));
    response.once("close", () => this.#onAnswered(socket));
    if (!(socket instanceof TcpStream)) return;
    // A response may last: only a body is waited for, and one is read to its end or not at all.
    if (!hasBody(request)) return this.#stopTimer(socket);
    this.#startTimer(socket, BODY_TIMEOUT_MS);
    socket.onWritten = () => request.complete ? socket.destroy() : this.#readRest(socket, request);
    request.once("end", () => this.#stopTimer(socket));
  }

  /**
   * Reads on after the response until the client has sent its body. Closing with unread bytes would reset the
   * connection, and the client would lose the response.
   */
  #readRest(stream: TcpStream, request: IncomingMessage): void {
    this.#stopTimer(stream);
    request.once("end", () => stream.destroy());
    request.resume();
    this.#timers.set(stream, this.#clock.after(REST_TIMEOUT_MS, () => stream.destroy()));
  }

  #onAnswered(socket: Duplex | null): void {
    if (socket !== null) this.#open.delete(socket);
    if (this.#open.size === 0) this.#finished?.resolve();
  }

  /** Closes a connection unless its request completes in time. */
  #startTimer(stream: TcpStream, withinMs: number): void {
    this.#stopTimer(stream);
    const cancel = this.#clock.after(withinMs, () => {
      stream.write(emptyResponse("408 Request Timeout"));
      stream.destroySoon();
      // A client that reads nothing cannot keep it open.
      this.#timers.set(stream, this.#clock.after(END_TIMEOUT_MS, () => stream.destroy()));
    });
    this.#timers.set(stream, cancel);
  }

  #stopTimer(stream: TcpStream): void {
    this.#timers.get(stream)?.();
    this.#timers.delete(stream);
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function connectionOn(socket: Duplex): Connection {
  const address = socket instanceof TcpStream ? socket.remoteAddress : "";
  return new Connection(address, () => socket.destroy());
}

function emptyResponse(status: string): string {
  return `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}

/** The response to a connection beyond a bound. */
function refusal(reason: RefusalReason): Uint8Array {
  const status = reason === "full" ? "503 Service Unavailable" : "429 Too Many Requests";
  return new TextEncoder().encode(emptyResponse(status));
}
