import { type Endpoint, endpointText } from "../core/endpoint.ts";
import { errorData, OrionError } from "../core/errors.ts";

/**
 * Explains why the address is not available.
 * @param occupant  which program listens there, as far as it is known
 */
export function listenError(
  at: Endpoint,
  error: unknown,
  occupant = "another program listens there",
): OrionError {
  const isInUse = error instanceof Deno.errors.AddrInUse;
  return new OrionError({
    code: "HTTP_LISTEN",
    message: `Cannot serve HTTP on ${endpointText(at)}: ${
      isInUse ? occupant : errorData(error).message
    }`,
    retryable: true,
    remedy: 'Stop the other program, or set health.listen to a free address or to "off".',
  }, { cause: error });
}
