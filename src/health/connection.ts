import type { Context } from "hono";

/** The connection of a request. */
export class Connection {
  /** The address of the client, or of the proxy in front of it. */
  readonly address: string;
  /** Closes it at once, whether the client reads or not. */
  readonly close: () => void;

  constructor(address: string, close: () => void) {
    this.address = address;
    this.close = close;
  }
}

/** Of a request that came over none. */
const NONE = new Connection("", () => undefined);

/** The connection that the server handed to the application with the request. */
export function connectionOf(context: Context): Connection {
  const env: unknown = context.env;
  return env instanceof Connection ? env : NONE;
}
