/** The metrics that are read from a report: name, help text, labels and where each figure comes from. */
import { epochMs } from "../core/clock.ts";
import {
  cameras,
  counts,
  discards,
  drops,
  mailboxes,
  messages,
  type Metric,
  occupancy,
  one,
  restarts,
  settledDropRate,
  skipped,
  stayEnds,
  stays,
  workers,
} from "./metric_samples.ts";

/** They never decrease, also not when a worker is replaced or a camera reconnects. */
export const COUNTERS: readonly Metric[] = [
  {
    name: "orion_frames_received_total",
    help: "Video frames the camera sent: undecoded, corrupt or decoded; without those that may " +
      "still be decoded (orion_gop_buffer_frames).",
    labels: ["camera"],
    samples: cameras(({ ledger }) => ledger.received - ledger.undecoded.buffered),
  },
  {
    name: "orion_frames_undecoded_total",
    help: "Frames skipped before decoding because no detector would have taken them; " +
      "without those that may still be decoded (orion_gop_buffer_frames).",
    labels: ["camera", "reason"],
    samples: counts("reason", skipped),
  },
  {
    name: "orion_frames_corrupt_total",
    help: "Damaged frames.",
    labels: ["camera"],
    samples: cameras(({ ledger }) => ledger.corrupt),
  },
  {
    name: "orion_frames_decoded_total",
    help: "Frames decoded.",
    labels: ["camera"],
    samples: cameras(({ ledger }) => ledger.decoded),
  },
  {
    name: "orion_frames_processed_total",
    help: "Frames handed to a worker.",
    labels: ["camera", "detector"],
    samples: mailboxes(({ processed }) => processed),
  },
  {
    name: "orion_frames_dropped_total",
    help: "Decoded frames that did not reach the detector.",
    labels: ["camera", "detector", "reason"],
    samples: drops,
  },
  {
    name: "orion_inferences_emitted_total",
    help: "Inference messages published: acknowledged (QoS 1) or written (QoS 0).",
    labels: ["camera", "detector"],
    samples: mailboxes(({ inferencesEmitted }) => inferencesEmitted),
  },
  {
    name: "orion_detections_invalid_total",
    help: "Results of a model that were dropped: a confidence outside 0..1, a box that is not " +
      "finite, an unknown class.",
    labels: ["worker"],
    samples: workers(({ detectionsInvalid }) => detectionsInvalid),
  },
  {
    name: "orion_worker_restarts_total",
    help: "Replacements of a worker.",
    labels: ["worker"],
    samples: restarts,
  },
  {
    name: "orion_camera_reconnects_total",
    help: "Attempts to connect to a camera after the first.",
    labels: ["camera"],
    samples: cameras(({ reconnects }) => reconnects),
  },
  {
    name: "orion_rtp_packets_lost_total",
    help: "RTP packets lost by the network or the camera.",
    labels: ["camera"],
    samples: cameras(({ network }) => network?.lostPackets ?? null),
  },
  {
    name: "orion_rtp_anomalies_total",
    help: "Frames with a wrong RTP timestamp.",
    labels: ["camera", "kind"],
    samples: counts("kind", ({ network }) => network?.anomalies ?? {}),
  },
  {
    name: "orion_catch_ups_total",
    help: "How often the decoder caught up with packets that it had skipped.",
    labels: ["camera"],
    samples: cameras(({ gopBuffer }) => gopBuffer.catchUps),
  },
  {
    name: "orion_live_pictures_total",
    help: "Live pictures encoded for those who watch.",
    labels: ["camera"],
    samples: cameras(({ live }) => live.pictures),
  },
  {
    name: "orion_mqtt_produced_total",
    help: "Messages to be published: published, discarded or waiting since.",
    labels: ["topic_kind"],
    samples: messages(({ produced }) => produced),
  },
  {
    name: "orion_mqtt_published_total",
    help:
      "Messages that the broker acknowledged (QoS 1) or that were written to the socket (QoS 0).",
    labels: ["topic_kind"],
    samples: messages(({ published }) => published),
  },
  {
    name: "orion_mqtt_discarded_total",
    help: "Messages that will not be sent, or not again.",
    labels: ["topic_kind", "reason"],
    samples: discards,
  },
  {
    name: "orion_presence_started_total",
    help: "Stays that were started, or found open from an earlier run: ended or open since.",
    labels: ["camera", "detector", "class"],
    samples: stays(({ started }) => started),
  },
  {
    name: "orion_presence_ended_total",
    help: "Stays that have ended.",
    labels: ["camera", "detector", "class", "reason"],
    samples: stayEnds,
  },
  {
    name: "orion_log_lines_dropped_total",
    help: "Log lines dropped because standard error did not accept them.",
    labels: [],
    samples: one(({ process }) => process.droppedLogLines),
  },
  {
    name: "orion_decode_seconds_total",
    help: "Seconds spent in the decoder.",
    labels: ["camera"],
    samples: cameras(({ decodeSeconds }) => decodeSeconds),
  },
];

export const GAUGES: readonly Metric[] = [
  {
    name: "orion_mailbox_waiting",
    help: "Frames in the mailbox: 0 or 1.",
    labels: ["camera", "detector"],
    samples: mailboxes(({ waiting }) => waiting),
  },
  {
    name: "orion_rate_limit_hertz",
    help: "Frames per second that the detector is to get; none without a limit, or while paused.",
    labels: ["camera", "detector"],
    samples: mailboxes(({ rateHz, paused }) => paused ? null : rateHz),
  },
  {
    name: "orion_drop_ratio",
    help: "Dropped and undecoded frames of all frames, since the start.",
    labels: ["camera", "detector"],
    samples: mailboxes(settledDropRate),
  },
  {
    name: "orion_camera_fps",
    help: "Frames per second that the camera sends, once measured.",
    labels: ["camera"],
    samples: cameras(({ info }) => info?.fps ?? null),
  },
  {
    name: "orion_gop_buffer_bytes",
    help: "Bytes of the packets kept for the decoder to catch up with.",
    labels: ["camera"],
    samples: cameras(({ gopBuffer }) => gopBuffer.bytes),
  },
  {
    // Decreases once they are decoded or skipped, so it is no counter.
    name: "orion_gop_buffer_frames",
    help: "Skipped frames that may still be decoded.",
    labels: ["camera"],
    samples: cameras(({ ledger }) => ledger.undecoded.buffered),
  },
  {
    name: "orion_worker_last_seen_timestamp_seconds",
    help: "When the worker last finished an inference.",
    labels: ["worker"],
    samples: workers(({ lastSeenAtMs }) =>
      lastSeenAtMs === null ? null : epochMs(lastSeenAtMs) / 1000
    ),
  },
  {
    name: "orion_camera_up",
    help: "1 while the camera delivers frames.",
    labels: ["camera"],
    samples: cameras(({ state, reason }) => state === "online" && reason === null ? 1 : 0),
  },
  {
    name: "orion_live_viewers",
    help: "Viewers of live pictures.",
    labels: ["camera"],
    samples: cameras(({ live }) => live.viewers),
  },
  {
    name: "orion_presence_open",
    help: "Stays that are open.",
    labels: ["camera", "detector", "class"],
    samples: stays(({ open }) => open),
  },
  {
    name: "orion_occupancy",
    help: "Open stays in a zone; in the zone all, in the whole picture.",
    labels: ["camera", "zone", "class"],
    samples: occupancy,
  },
  {
    name: "orion_threads_abandoned",
    help: "Threads that hung and were abandoned.",
    labels: [],
    samples: one(({ report }) => report.threadsAbandoned),
  },
  {
    name: "orion_mqtt_up",
    help: "1 while the broker is connected.",
    labels: [],
    samples: one(({ report }) => report.broker.connected ? 1 : 0),
  },
  {
    name: "orion_mqtt_waiting",
    help: "Messages that wait for the broker or are in flight.",
    labels: ["topic_kind"],
    samples: messages(({ waiting }) => waiting),
  },
  {
    name: "orion_http_event_readers",
    help: "Clients that read events.",
    labels: [],
    samples: one(({ process }) => process.eventReaders),
  },
  {
    name: "process_resident_memory_bytes",
    help: "Resident memory of the process in bytes.",
    labels: [],
    samples: one(({ process }) => process.residentBytes),
  },
  {
    name: "process_start_time_seconds",
    help: "Start time of the process since unix epoch in seconds.",
    labels: [],
    samples: one(({ process }) => process.startSeconds),
  },
  {
    name: "orion_build_info",
    help: "Always 1; the labels are the versions of Orion and its runtime.",
    labels: ["version", "deno", "libav", "onnxruntime"],
    samples: ({ process }) => [[1, process.build]],
  },
];
