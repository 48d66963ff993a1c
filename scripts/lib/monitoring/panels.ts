/** What the dashboard shows: rows of panels, and the queries of each. */
import { metricOf } from "./metrics.ts";
import { age, increase, newest, percentile, type Query, rate, share, value } from "./queries.ts";

/** One panel. */
export interface Panel {
  readonly title: string;
  readonly kind: "stat" | "timeseries";
  /** A unit of Grafana's. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** The values of its series are parts of a whole. */
  readonly isStacked?: boolean;
  /** Shows the names of series in place of values. */
  readonly showsNames?: boolean;
  /** Of 24 columns. */
  readonly width: number;
}

/** Panels under a title. */
export interface Row {
  readonly title: string;
  /** Once for each chosen value of this variable. */
  readonly repeat?: "camera";
  readonly panels: readonly Panel[];
}

/** Units that Grafana has no name for. */
const FRAMES = "suffix: frames/s";
const PER_SECOND = "suffix:/s";

const graph = (
  title: string,
  unit: string,
  queries: readonly Query[],
  more: Partial<Panel> = {},
): Panel => ({ title, kind: "timeseries", unit, queries, width: 8, ...more });

const stat = (title: string, unit: string, query: Query, more: Partial<Panel> = {}): Panel => ({
  ...{ title, kind: "stat", unit, queries: [query], width: 4 },
  ...more,
});

const build = metricOf("orion_build_info");

const OVERVIEW: readonly Panel[] = [
  stat("Cameras that deliver", "none", newest(value("orion_camera_up", []), "{{instance}}")),
  stat("Broker", "none", newest(value("orion_mqtt_up", []), "{{instance}}")),
  stat("Up for", "s", newest(age("process_start_time_seconds", []), "{{instance}}")),
  stat("Stays open", "none", newest(value("orion_presence_open", []), "{{instance}}")),
  stat(
    "Version",
    "none",
    newest({
      ...value("orion_build_info", build.labels),
    }, `Orion {{version}}, Deno {{deno}}, {{libav}}, ONNX Runtime {{onnxruntime}}`),
    { showsNames: true, width: 8 },
  ),
];

const CAMERA: readonly Panel[] = [
  graph("What became of the frames received", FRAMES, [
    rate("orion_frames_undecoded_total", ["camera", "reason"], "undecoded,"),
    rate("orion_frames_corrupt_total", ["camera"], "corrupt"),
    rate("orion_frames_decoded_total", ["camera"], "decoded"),
  ], { isStacked: true }),
  graph("What became of the frames decoded", FRAMES, [
    rate("orion_frames_processed_total", ["camera", "detector"], "processed,"),
    rate("orion_frames_dropped_total", ["camera", "detector", "reason"], "dropped,"),
  ], { isStacked: true }),
  graph("Rate reached, and asked for", "hertz", [
    rate("orion_frames_processed_total", ["camera", "detector"], "reached,"),
    rate("orion_inferences_emitted_total", ["camera", "detector"], "published,"),
    value("orion_rate_limit_hertz", ["camera", "detector"], "asked for,"),
    value("orion_camera_fps", ["camera"], "of the camera"),
  ]),
  graph("Time from arrival to publication", "s", [
    ...[50, 95, 99].map((percent) =>
      percentile(percent, "orion_latency_seconds", ["camera", "detector"], { stage: "total" })
    ),
  ]),
  graph("95 % of the frames pass each stage within", "s", [
    percentile(95, "orion_latency_seconds", ["camera", "detector", "stage"]),
  ]),
  graph("Decoding, in parts of a core", "percentunit", [
    rate("orion_decode_seconds_total", ["camera"], "in the decoder"),
  ]),
  graph("Connection", "none", [
    value("orion_camera_up", ["camera"], "delivers frames"),
    increase("orion_camera_reconnects_total", ["camera"], "reconnects"),
  ]),
  graph("Damage", "none", [
    share(
      "orion_frames_corrupt_total",
      "orion_frames_received_total",
      ["camera"],
      "corrupt, of all",
    ),
    rate("orion_rtp_packets_lost_total", ["camera"], "packets lost, a second"),
    increase("orion_rtp_anomalies_total", ["camera", "kind"], "timestamps,"),
  ]),
  graph("Frames dropped and undecoded, of all", "percentunit", [
    value("orion_drop_ratio", ["camera", "detector"]),
  ]),
  graph("Occupancy", "none", [value("orion_occupancy", ["camera", "zone", "class"])]),
  graph("Stays", "none", [
    value("orion_presence_open", ["camera", "detector", "class"], "open,"),
    increase("orion_presence_started_total", ["camera", "detector", "class"], "started,"),
    increase("orion_presence_ended_total", ["camera", "detector", "reason"], "ended,"),
  ]),
  graph("Catching up", "none", [
    value("orion_gop_buffer_frames", ["camera"], "frames that may still be decoded"),
    increase("orion_catch_ups_total", ["camera"], "catch-ups"),
    value("orion_mailbox_waiting", ["camera", "detector"], "waiting for a worker,"),
  ]),
  graph("Packets kept", "bytes", [value("orion_gop_buffer_bytes", ["camera"], "GOP buffer")]),
  graph("Live pictures", "none", [
    value("orion_live_viewers", ["camera"], "viewers"),
    rate("orion_live_pictures_total", ["camera"], "pictures a second"),
  ]),
];

const MESSAGES: readonly Panel[] = [
  graph("Published", PER_SECOND, [rate("orion_mqtt_published_total", ["topic_kind"])], {
    isStacked: true,
  }),
  graph("Produced", PER_SECOND, [rate("orion_mqtt_produced_total", ["topic_kind"])], {
    isStacked: true,
  }),
  graph("Connected", "none", [value("orion_mqtt_up", [], "broker")]),
  graph("Waiting for the broker", "none", [value("orion_mqtt_waiting", ["topic_kind"])], {
    isStacked: true,
  }),
  graph("Discarded", "none", [increase("orion_mqtt_discarded_total", ["topic_kind", "reason"])]),
  graph("Readers of events", "none", [value("orion_http_event_readers", [], "clients")]),
];

const WORKERS: readonly Panel[] = [
  graph("Restarts", "none", [increase("orion_worker_restarts_total", ["worker"])]),
  graph("Since the last inference", "s", [
    age("orion_worker_last_seen_timestamp_seconds", ["worker"]),
  ]),
  graph("Faults", "none", [
    value("orion_threads_abandoned", [], "threads abandoned"),
    increase("orion_detections_invalid_total", ["worker"], "invalid results,"),
  ]),
];

const PROCESS: readonly Panel[] = [
  graph("Processor, in cores", "none", [rate("process_cpu_seconds_total", [], "used")]),
  graph("Memory", "bytes", [value("process_resident_memory_bytes", [], "resident")]),
  graph("Log lines dropped", "none", [increase("orion_log_lines_dropped_total", [], "dropped")]),
];

/** From the top. */
export const ROWS: readonly Row[] = [
  { title: "Overview", panels: OVERVIEW },
  { title: "Camera $camera", repeat: "camera", panels: CAMERA },
  { title: "Broker and outbox", panels: MESSAGES },
  { title: "Workers", panels: WORKERS },
  { title: "Process", panels: PROCESS },
];
