/** What the supervisor of Home Assistant knows. */
import type { MqttService } from "./configuration.ts";

const SERVICE = "http://supervisor/services/mqtt";
const TIMEOUT_MS = 10_000;

/** @returns the broker that another app provides; null when there is none */
export async function mqttService(
  token: string,
  say: (text: string) => void,
  url: string = SERVICE,
): Promise<MqttService | null> {
  const response = await fetch(url, {
    headers: { Authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const answer: {
    readonly result?: string;
    readonly message?: string;
    readonly data?: MqttService;
  } = await response.json();
  if (response.ok && answer.data?.host !== undefined) return answer.data;
  say(
    `warning: the supervisor knows no MQTT broker (${
      answer.message ?? response.status
    }), so that Home ` +
      "Assistant gets nothing; install the Mosquitto broker, or set mqtt_url",
  );
  return null;
}
