/** The options of the app to Orion's configuration. */

/** What the supervisor writes to `/data/options.json`: `config.yaml` describes it. */
export interface Options {
  readonly cameras: readonly CameraOptions[];
  readonly model: string;
  readonly rate_hz: number;
  readonly confidence: number;
  readonly pictures: string;
  readonly entities: boolean;
  readonly log_level: string;
  readonly mqtt_url?: string;
  readonly mqtt_username?: string;
  readonly mqtt_password?: string;
  readonly configuration?: string;
}

interface CameraOptions {
  readonly id: string;
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly transport?: string;
  readonly fingerprint?: string;
}

/** The broker that the supervisor knows: its answer to `GET /services/mqtt`. */
export interface MqttService {
  readonly host: string;
  readonly port: number;
  readonly ssl: boolean;
  readonly username?: string;
  readonly password?: string;
}

/** Where Orion answers, inside the app alone: the ingress is in front of it. */
export const HTTP_ADDRESS = "127.0.0.1:8080";

export interface Configured {
  /** The configuration, as JSON, which is YAML too; without secrets. */
  readonly text: string;
  /** The variables that it names. */
  readonly variables: Readonly<Record<string, string>>;
}

/** @param service  null: the supervisor knows no broker, and Orion is one itself */
export function configure(options: Options, service: MqttService | null): Configured {
  const variables: Record<string, string> = { ...brokerVariables(options, service) };
  const cameras = options.cameras.map(({ id, url, username, password, ...others }, index) => {
    const name = `CAMERA_${index + 1}_URL`;
    variables[name] = withCredentials(url, username, password);
    return { id, url: `\${${name}}`, ...others };
  });
  const presence = { snapshot: options.pictures };
  const detector = { id: "person", model: options.model, rateHz: options.rate_hz, presence };
  const configuration = {
    instance: "orion",
    cameras,
    detectors: [{ ...detector, confidence: options.confidence, classes: ["person"] }],
    mqtt: { ...broker(variables), homeAssistant: options.entities },
    health: { listen: HTTP_ADDRESS },
  };
  return { text: `${JSON.stringify(configuration, null, 2)}\n`, variables };
}

/** The variables of a broker, for the configuration above and for one of the user's own; none without one. */
export function brokerVariables(
  options: Pick<Options, "mqtt_url" | "mqtt_username" | "mqtt_password">,
  service: MqttService | null,
): Record<string, string> {
  if (options.mqtt_url !== undefined) {
    return {
      MQTT_URL: options.mqtt_url,
      ...optional("MQTT_USERNAME", options.mqtt_username),
      ...optional("MQTT_PASSWORD", options.mqtt_password),
    };
  }
  if (service === null) return {};
  const { host, port, ssl, username, password } = service;
  return {
    MQTT_URL: `${ssl ? "mqtts" : "mqtt"}://${host}:${port}`,
    ...optional("MQTT_USERNAME", username),
    ...optional("MQTT_PASSWORD", password),
  };
}

function optional(name: string, value: string | undefined): Record<string, string> {
  return value === undefined || value === "" ? {} : { [name]: value };
}

function broker(variables: Readonly<Record<string, string>>): Record<string, string> {
  if (!("MQTT_URL" in variables)) return { listen: "127.0.0.1:1883" };
  return {
    url: "${MQTT_URL}",
    ...("MQTT_USERNAME" in variables ? { username: "${MQTT_USERNAME}" } : {}),
    ...("MQTT_PASSWORD" in variables ? { password: "${MQTT_PASSWORD}" } : {}),
  };
}

/** An address with a user and a password, which may hold any character. */
function withCredentials(url: string, username = "", password = ""): string {
  const parsed = URL.parse(url);
  if (parsed === null || username === "") return url;
  parsed.username = encodeURIComponent(username);
  parsed.password = encodeURIComponent(password);
  return parsed.href;
}
