import assert from "node:assert/strict";
import { parseBrokerUrl } from "../../../src/config/urls.ts";
import type { BrokerAddress, BrokerTarget } from "../../../src/core/messages.ts";

/** A broker's URL, parsed as the configuration does. */
export function brokerAddress(url: string): BrokerAddress {
  const parsed = parseBrokerUrl(url);
  assert.ok(parsed.ok, `${url} is no URL of a broker`);
  const { scheme, hostname, port, path, displayUrl } = parsed.value;
  return { scheme, hostname, port, path, displayUrl };
}

/** A broker that is connected to with MQTT 5, without credentials or PEM files unless `more` has some. */
export function brokerTarget(url: string, more: Partial<BrokerTarget> = {}): BrokerTarget {
  return {
    ...brokerAddress(url),
    username: null,
    password: null,
    ca: null,
    cert: null,
    key: null,
    protocol: 5,
    ...more,
  };
}
