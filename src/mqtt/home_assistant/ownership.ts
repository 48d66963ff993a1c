/** Whose a retained configuration of Home Assistant is: only our own may be deleted. */
import { isRecord } from "../../core/strict_json.ts";
import { ORIGIN_NAME } from "./announcement.ts";

/** Longer payloads are none of ours. */
const MAX_PAYLOAD_BYTES = 65_536;

/** What a configuration of an Orion, of this version or an earlier one, says about it. */
export interface Announced {
  /** The topic of its status: no other Orion has the same. */
  readonly statusTopic: string;
  readonly uniqueId: unknown;
}

/** Reads a retained configuration; null for that of another product. */
export function readAnnounced(payload: Uint8Array): Announced | null {
  const config = payload.byteLength > MAX_PAYLOAD_BYTES ? null : parse(payload);
  if (config === null || !isRecord(config["origin"])) return null;
  if (config["origin"]["name"] !== ORIGIN_NAME) return null;
  const { availability } = config;
  // The instance's own entity is always available: its state is the status.
  const named = Array.isArray(availability) ? availability[0] : { topic: config["state_topic"] };
  if (!isRecord(named) || typeof named["topic"] !== "string") return null;
  return { statusTopic: named["topic"], uniqueId: config["unique_id"] };
}

function parse(payload: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload));
    return isRecord(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
