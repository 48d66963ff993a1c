/** What of a configuration works, and is not as safe as it looks. */
import { isIP } from "node:net";
import { endpointText, isLoopback } from "../core/endpoint.ts";
import type { CameraSettings, MqttSettings } from "./settings.ts";

/** Warns of unsafe settings of a camera, each at its key. */
export function cameraWarnings(camera: CameraSettings, index: number): string[] {
  const { id, kind, endpoint, demuxer, insecure, caPath, udpPorts } = camera;
  const at = `cameras[${index}]`;
  if (endpoint === null) return [];
  const warnings: string[] = [];
  if (kind === "rtsps" && demuxer === "libav") {
    warnings.push(
      `${at}.demuxer: libav checks no certificate, so camera "${id}" may be anything that answers ` +
        `at ${endpointText(endpoint)}, and gets its password`,
    );
  } else if (insecure) {
    warnings.push(
      `${at}.insecure: any certificate is accepted, so camera "${id}" may be anything that answers ` +
        `at ${endpointText(endpoint)}, and gets its password; use fingerprint or ca`,
    );
  }
  if (kind === "rtsp" && caPath !== null) {
    warnings.push(
      `${at}.ca: without effect with rtsp://, which neither verifies nor encrypts what camera ` +
        `"${id}" sends; use rtsps://`,
    );
  }
  if (udpPorts !== null && isIP(endpoint.hostname) === 0) {
    warnings.push(
      `${at}.url: over UDP a camera named by a host name is only listened to, since Deno permits ` +
        `datagrams to addresses alone: no receiver reports; write the address of "${id}"`,
    );
  }
  return warnings;
}

/** Warns of a password that others can read on its way to the broker. */
export function clearTextWarnings(mqtt: MqttSettings): string[] {
  const { address: { scheme, hostname }, password } = mqtt;
  if (password === null || scheme === "mqtts" || scheme === "wss") return [];
  if (isLoopback(hostname)) return [];
  return [`mqtt.url: the password travels unencrypted to ${hostname}; use mqtts:// or wss://`];
}
