import { UsageError } from "../core/errors.ts";
import type { ProbeAddress } from "./args.ts";
import type { Host } from "./host.ts";

/** Bound of what is read from standard input. */
const MAX_ADDRESS_BYTES = 4096;

/**
 * Reads the address to probe from its source.
 * @throws {UsageError} when the source has none
 */
export function probeUrl(address: ProbeAddress, host: Host): string {
  switch (address.from) {
    case "argument":
      return address.url;
    case "stdin": {
      const line = host.readLine(MAX_ADDRESS_BYTES);
      if (line !== "") return line;
      throw new UsageError("Standard input holds no address", "Write the URL as its first line.");
    }
    case "variable": {
      const value = host.env(address.name) ?? "";
      if (value !== "") return value;
      const remedy = `Set ${address.name} to the URL, and export it.`;
      throw new UsageError(`The environment variable ${address.name} is not set`, remedy);
    }
  }
}

/** The variable that holds the address to probe, or null. */
export function variableOf(address: ProbeAddress): string | null {
  return address.from === "variable" ? address.name : null;
}
