/** The metrics read from a report: name, help text and labels. */

export const COUNTERS = {
  received: ["orion_frames_received_total", "Video frames the camera sent.", ["camera"]],
  undecoded: [
    "orion_frames_undecoded_total",
    "Frames skipped before decoding because no detector would have taken them; " +
    "without those that may still be decoded (orion_gop_buffer_frames).",
    ["camera", "reason"],
  ],
  corrupt: ["orion_frames_corrupt_total", "Damaged frames.", ["camera"]],
  decoded: ["orion_frames_decoded_total", "Frames decoded.", ["camera"]],
  processed: [
    "orion_frames_processed_total",
    "Frames handed to a worker.",
    ["camera", "detector"],
  ],
  dropped: [
    "orion_frames_dropped_total",
    "Decoded frames that did not reach the detector.",
    ["camera", "detector", "reason"],
  ],
  emitted: [
    "orion_inferences_emitted_total",
    "Inference messages published: acknowledged (QoS 1) or written (QoS 0).",
    ["camera", "detector"],
  ],
  workerRestarts: ["orion_worker_restarts_total", "Replacements of a worker.", ["worker"]],
  reconnects: [
    "orion_camera_reconnects_total",
    "Connections to a camera after the first.",
    ["camera"],
  ],
  lostPackets: [
    "orion_rtp_packets_lost_total",
    "RTP packets lost by the network or the camera.",
    ["camera"],
  ],
  rtpAnomalies: [
    "orion_rtp_anomalies_total",
    "Frames with a wrong RTP timestamp.",
    ["camera", "kind"],
  ],
  catchUps: [
    "orion_catch_ups_total",
    "How often the decoder caught up with packets that it had skipped.",
    ["camera"],
  ],
  mqttProduced: [
    "orion_mqtt_produced_total",
    "Messages to be published: published, discarded or waiting since.",
    ["topic_kind"],
  ],
  mqttPublished: [
    "orion_mqtt_published_total",
    "Messages that the broker acknowledged (QoS 1) or that were written to the socket (QoS 0).",
    ["topic_kind"],
  ],
  mqttDiscarded: [
    "orion_mqtt_discarded_total",
    "Messages that will not be sent, or not again.",
    ["topic_kind", "reason"],
  ],
  logDropped: [
    "orion_log_lines_dropped_total",
    "Log lines dropped because standard error did not accept them.",
    [],
  ],
  decodeSeconds: [
    "orion_decode_seconds_total",
    "Seconds spent in the decoder.",
    ["camera"],
  ],
} as const;

export const GAUGES = {
  waiting: ["orion_mailbox_waiting", "Frames in the mailbox: 0 or 1.", ["camera", "detector"]],
  dropRatio: [
    "orion_drop_ratio",
    "Dropped and undecoded frames of all frames, since the start.",
    ["camera", "detector"],
  ],
  fps: ["orion_camera_fps", "Frames per second that the camera sends, once measured.", ["camera"]],
  gopBytes: [
    "orion_gop_buffer_bytes",
    "Bytes of the packets kept for the decoder to catch up with.",
    ["camera"],
  ],
  gopFrames: [
    "orion_gop_buffer_frames",
    "Skipped frames that may still be decoded.",
    ["camera"],
  ],
  lastSeen: [
    "orion_worker_last_seen_timestamp_seconds",
    "When the worker last finished an inference.",
    ["worker"],
  ],
  cameraUp: ["orion_camera_up", "1 while the camera delivers frames.", ["camera"]],
  threadsAbandoned: [
    "orion_threads_abandoned",
    "Threads that hung and were abandoned.",
    [],
  ],
  mqttUp: ["orion_mqtt_up", "1 while the broker is connected.", []],
  mqttWaiting: [
    "orion_mqtt_waiting",
    "Messages that wait for the broker or are in flight.",
    ["topic_kind"],
  ],
  memory: [
    "process_resident_memory_bytes",
    "Resident memory of the process in bytes.",
    [],
  ],
  start: [
    "process_start_time_seconds",
    "Start time of the process since unix epoch in seconds.",
    [],
  ],
  build: [
    "orion_build_info",
    "Always 1; the labels are the versions of Orion and its runtime.",
    ["version", "deno", "libav", "onnxruntime"],
  ],
} as const;
