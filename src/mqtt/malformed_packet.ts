/** The parts of a packet that mqtt.js uses without a check. */
interface ParsedPacket {
  readonly cmd: string;
  messageId?: number | undefined;
  properties?: object | undefined;
}

/** The packet identifier, as mqtt.js has it, of a packet that is too short to hold one. */
const NO_IDENTIFIER = -1;

/**
 * Changes a malformed packet that mqtt.js would throw at, outside of any call of ours: its parser lets packets
 * pass that are too short for their identifier, and makes a list of a property that comes twice.
 * @returns whether the packet was one
 */
export function defuse(packet: ParsedPacket): boolean {
  if (packet.messageId === NO_IDENTIFIER) {
    packet.messageId = 0;
    return true;
  }
  if (packet.cmd !== "connack") return false;
  // User properties may come any number of times.
  const isRepeated = Object.entries(packet.properties ?? {}).some(([name, value]) =>
    name !== "userProperties" && Array.isArray(value)
  );
  if (isRepeated) delete packet.properties;
  return isRepeated;
}
