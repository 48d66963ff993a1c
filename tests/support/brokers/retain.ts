/** Retained messages of other programs. */
import { programPath } from "../system/parts.ts";
import type { Mosquitto } from "./mosquitto.ts";

/** Publishes a text to be retained, and waits for its PUBACK; an empty one deletes. */
export async function retain(broker: Mosquitto, topic: string, text: string): Promise<void> {
  await publish(broker, topic, text === "" ? ["-n"] : ["-m", text]);
}

/** The same with the content of a file. */
export async function retainFile(broker: Mosquitto, topic: string, path: string): Promise<void> {
  await publish(broker, topic, ["-f", path]);
}

async function publish(
  { port }: Mosquitto,
  topic: string,
  message: readonly string[],
): Promise<void> {
  const command = new Deno.Command(programPath("mosquitto_pub") ?? "mosquitto_pub", {
    args: ["-h", "127.0.0.1", "-p", `${port}`, "-q", "1", "-r", "-t", topic, ...message],
    stdout: "null",
    stderr: "piped",
  });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`mosquitto_pub failed: ${new TextDecoder().decode(stderr)}`);
}
