import assert from "node:assert/strict";
import { type BrokerUrl, parseBrokerUrl } from "../../../src/config/urls.ts";

/** A broker's URL as the configuration parses it. */
export function brokerUrl(text: string): BrokerUrl {
  const parsed = parseBrokerUrl(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}
