/** What the metrics are called, what they say, and their labels. */

/** Read off a report at each scrape. */
export const COUNTERS = {
  received: ["orion_frames_received_total", "Video frames the camera sent.", ["camera"]],
  undecoded: [
    "orion_frames_undecoded_total",
    "Frames skipped before decoding because no detector would have taken them; " +
    "without those that may be decoded yet (orion_gop_buffer_frames).",
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
    "Inference messages handed to the MQTT client.",
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
    "RTP packets that were lost on the way, or by the camera itself.",
    ["camera"],
  ],
  rtpAnomalies: [
    "orion_rtp_anomalies_total",
    "Frames with a wrong RTP timestamp.",
    ["camera", "kind"],
  ],
  catchUps: [
    "orion_catch_ups_total",
    "How often the decoder went on with packets that it had left out.",
    ["camera"],
  ],
  logDropped: [
    "orion_log_lines_dropped_total",
    "Lines of the log that standard error did not take.",
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
    "Frames left out, of all there were, since the start.",
    ["camera", "detector"],
  ],
  fps: ["orion_camera_fps", "Frames a second that the camera sends, where known.", ["camera"]],
  gopBytes: [
    "orion_gop_buffer_bytes",
    "Bytes of the camera's packets that are kept for the decoder to go on with.",
    ["camera"],
  ],
  gopFrames: [
    "orion_gop_buffer_frames",
    "Frames that were received and skipped, and may be decoded yet.",
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
    "Threads that hang and were given up.",
    [],
  ],
  mqttUp: ["orion_mqtt_up", "1 while the broker is connected.", []],
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
    "1, and the versions of what Orion consists of.",
    ["version", "deno", "libav", "onnxruntime"],
  ],
} as const;
