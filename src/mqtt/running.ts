import type { Clock, WallMs } from "../core/clock.ts";
import type { BrokerError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { FromPublisher } from "../core/messages.ts";
import type { Stay } from "../core/presence_types.ts";
import type { PublisherPlan, Replan } from "../core/publisher_types.ts";
import { AckQueue } from "./ack_queue.ts";
import { CommandReceiver } from "./command_receiver.ts";
import { Copies } from "./copies.ts";
import { DetectSwitch } from "./detect_switch.ts";
import { Announcer, type AnnouncerFilter } from "./home_assistant/announcer.ts";
import { InferenceQueue } from "./inference_queue.ts";
import type { Link } from "./link.ts";
import type { MessageCounts } from "./message_counts.ts";
import { PresenceMessages } from "./presence_messages.ts";
import { RetainedMessages } from "./retained_messages.ts";
import type { OutgoingMessage } from "./session.ts";
import type { StatusWatch } from "./status_watch.ts";
import { Suspects } from "./suspects.ts";
import type { Topics } from "./topics.ts";

/** What a publisher has from its start on. */
export interface Running {
  readonly plan: PublisherPlan;
  /** The cameras of the settings in force. */
  readonly cameras: Set<string>;
  readonly topics: Topics;
  readonly link: Link;
  readonly retained: RetainedMessages;
  readonly inferences: InferenceQueue;
  readonly presence: PresenceMessages;
  readonly acks: AckQueue;
  readonly commands: CommandReceiver;
  readonly detectSwitch: DetectSwitch;
  readonly announcer: Announcer;
  readonly watch: StatusWatch;
  readonly copies: Copies;
  readonly startedAtMs: WallMs;
}

export interface RunningParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Drawn at random by this thread. */
  readonly session: number;
  readonly post: (message: FromPublisher) => void;
  readonly plan: PublisherPlan;
  readonly topics: Topics;
  readonly link: Link;
  readonly watch: StatusWatch;
  readonly counts: MessageCounts;
  /** Whether the broker has granted the subscriptions of this connection. */
  readonly isSubscribed: () => boolean;
  /** A message was acknowledged, or failed. */
  readonly onDone: (message: OutgoingMessage, error: BrokerError | null) => void;
  readonly openStays: () => readonly Stay[];
}

/** Creates the queues of a publisher, and what reads the messages that come. */
export function assemble(parts: RunningParts): Running {
  const { clock, log, post, plan, topics, link, watch, counts, isSubscribed } = parts;
  const copies = new Copies(post);
  const suspects = new Suspects((message, done) => link.publish(message, done));
  const publish: Suspects["publish"] = (key, message, done) =>
    suspects.publish(key, message, (error) => {
      parts.onDone(message, error);
      done(error);
    });
  const inferences = new InferenceQueue({
    clock,
    instance: plan.instance,
    qos: plan.qos.inferences,
    outbox: plan.outbox,
    topic: (camera, detector) => topics.inference(camera, detector),
    canPublish: isSubscribed,
    publish,
    post,
    copies,
  });
  const retained = new RetainedMessages({
    ...{ clock, counts, publish },
    canPublish: () => link.connected,
    onSettled: () => presence.settled(),
  });
  const cameras = new Set(plan.presence.scenes.map(({ camera }) => camera));
  const presence = new PresenceMessages({
    ...{ clock, log, plan, topics, link, retained, publish, counts, post, copies },
    hasCamera: (camera) => cameras.has(camera),
    thread: parts.session,
    openStays: parts.openStays,
  });
  const acks = new AckQueue({
    topic: topics.ack,
    qos: plan.qos.control,
    counts,
    canPublish: isSubscribed,
    publish,
  });
  const commands = new CommandReceiver({
    clock,
    log,
    forward: (request) => post({ kind: "command", request }),
    acknowledge: (ack) => acks.put(ack),
  });
  const detectSwitch = new DetectSwitch({
    topics,
    log,
    onCommand: (command) => commands.forwardSilently(command),
  });
  return {
    ...{ plan, topics, link, retained, inferences, presence, acks, commands, detectSwitch, watch },
    ...{ copies, cameras },
    announcer: new Announcer({ clock, log, plan, topics, retained }),
    startedAtMs: clock.wallMs(),
  };
}

/** What to subscribe to with a new connection, beside the status. */
export function filtersOf({ announcer, detectSwitch, topics }: Running): AnnouncerFilter[] {
  const own = [topics.control, detectSwitch.filter];
  return [...own.map((filter) => ({ filter, isOptional: false })), ...announcer.connected()];
}

/** Applies other settings, and clears what is retained of what they do not have any more. */
export function replan(running: Running, change: Replan): void {
  const { announcer, cameras, plan, presence, retained, topics } = running;
  presence.replan(change.presence);
  announcer.replan({ ...plan, ...change });
  const wanted = new Set(change.presence.scenes.map(({ camera }) => camera));
  for (const camera of cameras.difference(wanted)) {
    cameras.delete(camera);
    retained.clear("camera", topics.camera(camera));
    retained.clear("switch", topics.detect(camera));
  }
  for (const camera of wanted) cameras.add(camera);
}
