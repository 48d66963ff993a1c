import type { MqttSettings } from "../config/settings.ts";
import type { BrokerTarget } from "../core/messages.ts";

/** How the publisher reaches its broker, credentials in clear. */
export function brokerTarget(mqtt: MqttSettings): BrokerTarget {
  const embedded = mqtt.url === null;
  return {
    url: embedded ? `mqtt://${mqtt.hostname}:${mqtt.port}` : mqtt.url,
    username: mqtt.username,
    password: mqtt.password?.expose() ?? null,
    ca: mqtt.ca,
    cert: mqtt.cert,
    key: mqtt.key,
    // The embedded broker speaks nothing newer.
    protocol: embedded ? "3.1.1" : mqtt.protocol,
  };
}
