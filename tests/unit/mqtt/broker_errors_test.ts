import assert from "node:assert/strict";
import {
  connectionError,
  type ConnectionFailure,
  NO_PUBACK,
} from "../../../src/mqtt/broker_errors.ts";

const FAILURE: ConnectionFailure = {
  brokerUrl: "mqtt://broker.example:1883",
  connected: false,
  tls: false,
  code: null,
  text: null,
  clientId: "orion-lobby-1",
};

/** What mqtt.js reports, and the code that it becomes. */
const CASES: readonly [Partial<ConnectionFailure>, string][] = [
  [{ code: "ECONNREFUSED", text: "connect ECONNREFUSED" }, "BROKER_REFUSED"],
  [{ code: "ENOTFOUND", text: "getaddrinfo ENOTFOUND" }, "BROKER_UNREACHABLE"],
  [{ code: "EHOSTUNREACH", text: "connect EHOSTUNREACH" }, "BROKER_UNREACHABLE"],
  [{ code: null, text: "NotCapable: Requires net access to x" }, "BROKER_UNREACHABLE"],
  [{ code: 4, text: "Connection refused" }, "BROKER_UNAUTHORISED"],
  [{ code: 5, text: "Connection refused" }, "BROKER_UNAUTHORISED"],
  [{ code: 0x86, text: "Connection refused" }, "BROKER_UNAUTHORISED"],
  [{ code: 0x87, text: "Connection refused" }, "BROKER_UNAUTHORISED"],
  [{ code: 1, text: "Connection refused" }, "BROKER_PROTOCOL"],
  [{ code: 0x84, text: "Connection refused" }, "BROKER_PROTOCOL"],
  [{ code: null, text: "Error: Invalid header flag bits" }, "BROKER_PROTOCOL"],
  [{ code: 0x95, text: "too large", connected: true }, "BROKER_PROTOCOL"],
  [{ code: 0x9a, text: "Connection refused" }, "BROKER_PROTOCOL"],
  [{ code: 0x9b, text: "Connection refused" }, "BROKER_PROTOCOL"],
  [{ code: 0x8b, text: "the broker disconnected", connected: true }, "BROKER_CLOSED"],
  [{ code: 0x8e, text: "the broker disconnected", connected: true }, "BROKER_TAKEN_OVER"],
  [{ code: "SELF_SIGNED_CERT_IN_CHAIN", text: "self-signed", tls: true }, "BROKER_TLS"],
  [{ code: "ERR_TLS_CERT_ALTNAME_INVALID", text: "altname", tls: true }, "BROKER_TLS"],
  [{ code: "ECONNRESET", text: "before secure TLS connection", tls: true }, "BROKER_TLS"],
  [{ code: "ECONNRESET", text: "read ECONNRESET", tls: true, connected: true }, "BROKER_CLOSED"],
  [{ code: "ECONNRESET", text: "read ECONNRESET" }, "BROKER_CLOSED"],
  [{ code: null, text: "Error: connack timeout" }, "BROKER_TIMEOUT"],
  [{ code: null, text: "Error: Keepalive timeout", connected: true }, "BROKER_TIMEOUT"],
  [{ code: NO_PUBACK, text: "", connected: true }, "BROKER_TIMEOUT"],
  [{}, "BROKER_CLOSED"],
];

for (const [reported, code] of CASES) {
  Deno.test(`broker errors: ${JSON.stringify(reported)} is ${code}`, () => {
    const error = connectionError({ ...FAILURE, ...reported });
    assert.equal(error.code, code);
    assert.ok(
      error.message.includes(FAILURE.brokerUrl) && error.retryable && error.remedy.endsWith("."),
    );
  });
}

Deno.test("broker errors: a problem with a certificate names its cause, and the key to correct", () => {
  const cases: readonly [code: string, found: RegExp, remedy: RegExp][] = [
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", /no authority that we trust/, /mqtt\.ca/],
    ["SELF_SIGNED_CERT_IN_CHAIN", /no authority that we trust/, /mqtt\.ca/],
    ["ERR_TLS_CERT_ALTNAME_INVALID", /names another host/, /mqtt\.url/],
    ["CERT_HAS_EXPIRED", /out of date/, /clock/],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", /wants one/, /mqtt\.cert/],
    ["ERR_SSL_WRONG_VERSION_NUMBER", /TLS failed/, /TLS port/],
  ];
  for (const [code, found, remedy] of cases) {
    const error = connectionError({ ...FAILURE, tls: true, code, text: code });
    assert.equal(error.code, "BROKER_TLS");
    assert.match(error.message, found);
    assert.match(error.remedy, remedy);
  }
});
