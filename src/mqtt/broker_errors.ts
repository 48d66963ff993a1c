/**
 * Errors of the connection to a broker, each with a remedy. Their texts are built from the broker's
 * address and from codes alone, never from a credential.
 */
import { type BrokerAddress, shownBroker } from "../core/broker_address.ts";
import { BrokerError, type ErrorData } from "../core/errors.ts";
import { shortList } from "../core/short_list.ts";
import { lackOf } from "./broker_limits.ts";

/** How a connection failed or ended, as mqtt.js reports it. */
export interface ConnectionFailure {
  /** Without credentials. */
  readonly brokerUrl: string;
  /** Whether the broker had accepted the connection. */
  readonly connected: boolean;
  readonly tls: boolean;
  /** Text from the system or TLS, a reason code from the broker, or null for none. */
  readonly code: string | number | null;
  /** The error's own text, or null when the connection was closed without an error. */
  readonly text: string | null;
  readonly clientId: string;
}

type Rule = Omit<ErrorData, "message"> & { readonly found: string };

/** Numbers below 128 are CONNACK return codes of MQTT 3.1.1, those above are reason codes of MQTT 5. */
const VERSION_REFUSED: readonly (string | number)[] = [1, 0x84];
const NOT_AUTHORISED: readonly (string | number)[] = [4, 5, 0x86, 0x87, 0x8a, 0x8c];
const BUSY: readonly (string | number)[] = [3, 0x88, 0x89, 0x8b];
const TAKEN_OVER = 0x8e;
const UNTRUSTED = /^(UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE)/;
const TLS_CODE = /^(ERR_(SSL|TLS|OSSL)|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH)/;

/** Whether the broker refused the version of MQTT, rather than the client. */
export function isVersionRefused(code: string | number | null): boolean {
  return code !== null && VERSION_REFUSED.includes(code);
}

/** Classifies the failure of a connection. */
export function connectionError(failure: ConnectionFailure): BrokerError {
  const rule = byCode(failure) ?? byText(failure) ?? closed(failure);
  const action = failure.connected ? "Lost the broker at" : "Cannot connect to the broker at";
  return new BrokerError({
    code: rule.code,
    message: `${action} ${failure.brokerUrl}: ${rule.found}`,
    retryable: rule.retryable,
    remedy: rule.remedy,
  });
}

/** The reason code "Packet too large". */
export const PACKET_TOO_LARGE = 0x95;

/** The code for a broker that answers, and acknowledges no message. */
export const NO_PUBACK = "ERR_NO_PUBACK";

/** A message that the broker refused. */
export function publishError(brokerUrl: string, topic: string, code: string | number | null) {
  const tooLarge = code === PACKET_TOO_LARGE;
  return new BrokerError({
    code: "BROKER_REFUSED_MESSAGE",
    message: `Cannot publish to ${topic}: the broker at ${brokerUrl} refused it` +
      (code === null ? "" : ` (reason code ${code})`),
    retryable: false,
    remedy: tooLarge
      ? "Allow larger messages in the broker's configuration."
      : "Allow the user in mqtt.username to publish under mqtt.topicPrefix in the broker's rules.",
  });
}

/** Why a message is not sent again; null where the connection broke, which says nothing of it. */
export function finalReason({ code }: BrokerError): "refused" | "closes-connection" | null {
  switch (code) {
    case "BROKER_REFUSED_MESSAGE": // Retrying what the broker's rules forbid would never end.
      return "refused";
    case "BROKER_CLOSES_ON_MESSAGE":
      return "closes-connection";
    default:
      return null;
  }
}

/** Why a message was lost with the connection: of QoS 0 it was not all written, of QoS 1 nothing is known. */
export function lostReason(qos: 0 | 1): "connection-lost" | "unacknowledged" {
  return qos === 0 ? "connection-lost" : "unacknowledged";
}

/** Whether the broker closed the connection; what is sent to it cannot cause the other ends. */
export function isClosedByBroker({ code }: BrokerError): boolean {
  return code === "BROKER_CLOSED" || code === "BROKER_PROTOCOL";
}

/** A subscription that the broker refused. */
export function subscribeError(brokerUrl: string, filter: string) {
  return new BrokerError({
    code: "BROKER_REFUSED_SUBSCRIPTION",
    message: `Cannot subscribe to ${filter}: the broker at ${brokerUrl} refused it`,
    retryable: false,
    remedy: "Allow the user in mqtt.username to subscribe to that topic in the broker's rules.",
  });
}

const ALLOW_TOPICS =
  "Allow the user in mqtt.username to publish and to subscribe to them in the broker's rules.";

/** What a check published did not come back. */
export function notReadBack(address: BrokerAddress, topics: readonly string[]): BrokerError {
  return new BrokerError({
    code: "BROKER_NOT_READ_BACK",
    message: `Cannot read back what was published to ${shortList(topics)}: ` +
      `the broker at ${shownBroker(address)} accepted and dropped it`,
    retryable: false,
    remedy: ALLOW_TOPICS,
  });
}

/** The broker closed the connection instead of an answer. */
export function closedDuringCheck(error: BrokerError, topics: readonly string[]): BrokerError {
  const message = `${error.message}, after a check had published to ${shortList(topics)}`;
  return new BrokerError({ ...error.toData(), message, remedy: ALLOW_TOPICS }, { cause: error });
}

function byCode({ code, clientId, tls }: ConnectionFailure): Rule | null {
  if (code === null) return null;
  if (isVersionRefused(code)) {
    return {
      code: "BROKER_PROTOCOL",
      found: "it does not speak this version of MQTT",
      retryable: true,
      remedy: 'Set mqtt.protocol to the version that the broker speaks: 5 or "3.1.1".',
    };
  }
  if (NOT_AUTHORISED.includes(code)) {
    return {
      code: "BROKER_UNAUTHORISED",
      found: `it refused the user or the password (code ${code})`,
      retryable: true,
      remedy: "Check mqtt.username and mqtt.password, and the broker's rules for that user.",
    };
  }
  if (BUSY.includes(code)) {
    return {
      code: "BROKER_CLOSED",
      found: `it is not available now (code ${code})`,
      retryable: true,
      remedy: "If it does not pass by itself, look into the broker's log.",
    };
  }
  if (code === TAKEN_OVER) {
    return {
      code: "BROKER_TAKEN_OVER",
      found: `another client connected with our client id, ${clientId}`,
      retryable: true,
      remedy: "Give every Orion on one broker an instance name of its own.",
    };
  }
  const lack = lackOf(code);
  if (lack !== null) return { ...lack, code: "BROKER_PROTOCOL", retryable: true };
  return typeof code === "string" ? bySystemCode(code, tls) : {
    code: "BROKER_PROTOCOL",
    found: `it ended the connection with reason code ${code}`,
    retryable: true,
    remedy: "Look into the broker's log for what it did not accept.",
  };
}

function bySystemCode(code: string, tls: boolean): Rule | null {
  // A port without TLS usually resets the connection during the handshake; only the text shows that
  // from a later reset, so `byText` decides.
  if (TLS_CODE.test(code)) return tlsRule(code);
  switch (code) {
    case "ECONNREFUSED":
      return {
        code: "BROKER_REFUSED",
        found: "nothing listens there",
        retryable: true,
        remedy: "Start the broker, or correct the host and port in mqtt.url.",
      };
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return unreachable("its name is not known");
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EADDRNOTAVAIL":
      return unreachable("there is no route to it");
    case "ETIMEDOUT":
      return timedOut();
    case NO_PUBACK:
      return {
        code: "BROKER_TIMEOUT",
        found: "it acknowledges no message any more",
        retryable: true,
        remedy: "Look into the broker's log: it may be overloaded, or its disk full.",
      };
    default:
      return tls ? null : { ...closedRule(), found: `the connection broke (${code})` };
  }
}

/** A problem with a certificate: the broker's or the client's. */
function tlsRule(code: string): Rule {
  const rule = (found: string, remedy: string): Rule => ({
    code: "BROKER_TLS",
    found: `${found} (${code})`,
    retryable: true,
    remedy,
  });
  if (UNTRUSTED.test(code)) {
    return rule(
      "no authority that we trust signed its certificate",
      "Point mqtt.ca at the certificate of the authority that signed the broker's.",
    );
  }
  if (/ALTNAME|HOSTNAME/.test(code)) {
    return rule(
      "its certificate names another host",
      "Write the host in mqtt.url as the certificate names it, or issue one that names this host.",
    );
  }
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return rule(
      `its certificate is ${code === "CERT_HAS_EXPIRED" ? "out of date" : "not valid yet"}`,
      "Renew the broker's certificate, and check this machine's clock.",
    );
  }
  if (/ALERT/.test(code)) {
    return rule(
      "it did not accept our certificate, or wants one",
      "Check mqtt.cert and mqtt.key: the broker's own authority must have signed the certificate.",
    );
  }
  return rule(
    "TLS failed",
    "Check that mqtt.url names the broker's TLS port, and mqtt.ca, mqtt.cert and mqtt.key.",
  );
}

function byText({ code, text }: ConnectionFailure): Rule | null {
  if (text === null) return null;
  if (/before secure TLS|certificate|\bTLS\b|fatal alert/i.test(text)) {
    return {
      code: "BROKER_TLS",
      found: "TLS could not be agreed on",
      retryable: true,
      remedy:
        "Check that mqtt.url names the broker's TLS port and that mqtt.ca signed its certificate.",
    };
  }
  if (/timeout/i.test(text)) return timedOut();
  if (/NotCapable|Requires net access/.test(text)) {
    return {
      ...unreachable("this process may not connect there"),
      remedy: "Start Orion with `deno task run`, which grants what the configuration needs.",
    };
  }
  // All other errors without a code come from the packet parser.
  if (code !== null) return null;
  return {
    code: "BROKER_PROTOCOL",
    found: "what answers there does not speak MQTT",
    retryable: true,
    remedy: "Check the scheme, host and port in mqtt.url.",
  };
}

function closed({ connected }: ConnectionFailure): Rule {
  const rule = closedRule();
  return connected ? rule : { ...rule, found: "it closed the connection without an answer" };
}

function closedRule(): Rule {
  return {
    code: "BROKER_CLOSED",
    found: "the connection was closed",
    retryable: true,
    remedy: "Look into the broker's log; Orion reconnects by itself.",
  };
}

function unreachable(found: string): Rule {
  return {
    code: "BROKER_UNREACHABLE",
    found,
    retryable: true,
    remedy: "Check the host in mqtt.url, the network and its name server.",
  };
}

function timedOut(): Rule {
  return {
    code: "BROKER_TIMEOUT",
    found: "it did not answer in time",
    retryable: true,
    remedy:
      "Check the host and port in mqtt.url and the firewalls on the way. A broker that knows only " +
      'MQTT 3.1.1 may need mqtt.protocol: "3.1.1".',
  };
}
