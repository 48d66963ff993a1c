/** Alerts of the metrics, for Prometheus; generates `packaging/monitoring/orion.rules.yml`. */
import { stringify } from "yaml";
import { metricNames, metricOf } from "./metrics.ts";

/** One alert. */
export interface Alert {
  readonly name: string;
  readonly expr: string;
  /** How long `expr` has to hold; null: not at all. */
  readonly after: string | null;
  readonly severity: "warning" | "critical";
  /** A template of Prometheus. */
  readonly summary: string;
  readonly remedy: string;
}

/** Every alert. Thresholds are for the common case, and for people to change. */
export const ALERTS: readonly Alert[] = [
  {
    name: "OrionDown",
    expr: 'up{job="orion"} == 0',
    after: "2m",
    severity: "critical",
    summary: "Orion on {{ $labels.instance }} does not answer.",
    remedy: "Look at the service and its log there.",
  },
  {
    name: "OrionCameraDown",
    expr: "orion_camera_up == 0",
    after: "5m",
    severity: "critical",
    summary: "Camera {{ $labels.camera }} at {{ $labels.instance }} delivers no frames.",
    remedy: "/status names the reason; docs/errors.md says what to do.",
  },
  {
    name: "OrionCameraStalled",
    // What comes between two keyframes may wait in the buffer for so long that none is counted.
    expr: "rate(orion_frames_received_total[5m]) == 0 and on (instance, camera) " +
      "delta(orion_gop_buffer_frames[5m]) == 0 and on (instance, camera) orion_camera_up == 1",
    after: "2m",
    severity: "critical",
    summary: "Camera {{ $labels.camera }} at {{ $labels.instance }} is connected, and sends " +
      "nothing.",
    remedy: "Look at the camera. If it is well, report this with the log.",
  },
  {
    name: "OrionCameraReconnects",
    expr: "increase(orion_camera_reconnects_total[30m]) > 5",
    after: "5m",
    severity: "warning",
    summary: "Camera {{ $labels.camera }} at {{ $labels.instance }} was connected again {{ " +
      '$value | printf "%.0f" }} times in half an hour.',
    remedy: "Look at its network, and at how many clients it serves.",
  },
  {
    name: "OrionFramesCorrupt",
    expr: "rate(orion_frames_corrupt_total[15m]) / (rate(orion_frames_received_total[15m]) " +
      "> 0) > 0.05",
    after: "15m",
    severity: "warning",
    summary: "{{ $value | humanizePercentage }} of the frames of camera {{ $labels.camera }} " +
      "at {{ $labels.instance }} are damaged.",
    remedy: "Packets are lost on the way; take TCP, or mend the network.",
  },
  {
    // A high drop ratio is healthy: of 25 frames a second a detector of 5 Hz drops four of five. What is
    // not is to reach less than was asked for, where the camera sends that much.
    name: "OrionDropsBeyondPlan",
    expr: "rate(orion_frames_processed_total[10m]) < 0.8 * orion_rate_limit_hertz and on " +
      "(instance, camera) orion_camera_up == 1 unless on (instance, camera, detector) " +
      "orion_rate_limit_hertz > on (instance, camera) group_left () orion_camera_fps",
    after: "10m",
    severity: "warning",
    summary: 'Detector {{ $labels.detector }} gets {{ $value | printf "%.1f" }} frames a ' +
      "second of camera {{ $labels.camera }} at {{ $labels.instance }}, less than it is " +
      "to get.",
    remedy: "Lower rateHz or input, or add workers; docs/tuning.md says what costs what.",
  },
  {
    name: "OrionDetectorUnhealthy",
    expr: "min_over_time(orion_mailbox_waiting[5m]) == 1 and " +
      "rate(orion_frames_processed_total[5m]) == 0",
    after: "2m",
    severity: "critical",
    summary: "No worker of detector {{ $labels.detector }} at {{ $labels.instance }} takes the " +
      "frames of camera {{ $labels.camera }}.",
    remedy: "/status names what its workers do, and why.",
  },
  {
    name: "OrionDetectionsInvalid",
    expr: "increase(orion_detections_invalid_total[15m]) > 0",
    after: null,
    severity: "warning",
    summary: "The model of worker {{ $labels.worker }} at {{ $labels.instance }} gives results " +
      "that are none.",
    remedy: "Check family and preprocess of its model.",
  },
  {
    name: "OrionWorkerRestarts",
    expr: "increase(orion_worker_restarts_total[30m]) > 2",
    after: null,
    severity: "warning",
    summary: "Worker {{ $labels.worker }} at {{ $labels.instance }} was replaced {{ $value | " +
      'printf "%.0f" }} times in half an hour.',
    remedy: "The log has each reason (worker.restart_scheduled).",
  },
  {
    name: "OrionThreadsAbandoned",
    expr: "orion_threads_abandoned > 0",
    after: "10m",
    severity: "warning",
    summary: "{{ $value }} threads at {{ $labels.instance }} hang, and hold their memory.",
    remedy: "Restart Orion when it suits; report it with the log.",
  },
  {
    name: "OrionBrokerDisconnected",
    expr: "orion_mqtt_up == 0",
    after: "2m",
    severity: "critical",
    summary: "Orion at {{ $labels.instance }} is not connected to its broker.",
    remedy: "/status names the reason; docs/errors.md says what to do.",
  },
  {
    // Superseded messages are those in whose place a newer one of the same topic is sent.
    name: "OrionMessagesDiscarded",
    expr: "sum by (instance, topic_kind, reason) " +
      '(increase(orion_mqtt_discarded_total{reason!="superseded"}[15m])) > 0',
    after: null,
    severity: "warning",
    summary: "Orion at {{ $labels.instance }} discarded {{ $labels.topic_kind }} messages ({{ " +
      "$labels.reason }}).",
    remedy: "Look at the broker and its network; mqtt.outbox bounds what waits.",
  },
  {
    name: "OrionMemoryGrowth",
    expr: 'process_resident_memory_bytes{job="orion"} > 1.5 * ' +
      '(process_resident_memory_bytes{job="orion"} offset 6h) and ' +
      'process_start_time_seconds{job="orion"} == ' +
      '(process_start_time_seconds{job="orion"} offset 6h)',
    after: "30m",
    severity: "warning",
    summary: "Orion at {{ $labels.instance }} holds {{ $value | humanize1024 }}B, half as much " +
      "again as six hours ago.",
    remedy: "If nothing was added to it, report this with the log.",
  },
];

const HEAD =
  `# Alerts of Orion for Prometheus, for a scrape job with the name "orion" (examples/prometheus).
# Generated by scripts/schemas.ts, listed in docs/metrics.md, tested by orion.rules.test.yml.
# Copy it to change a threshold.
`;

/** The text of the file of rules. @throws when a metric is named that there is none of */
export function alertRules(): string {
  const rules = ALERTS.map(({ name, expr, after, severity, summary, remedy }) => {
    for (const metric of metricNames(expr)) metricOf(metric);
    return {
      ...{ alert: name, expr },
      ...after === null ? {} : { for: after },
      labels: { severity },
      annotations: { summary, remedy },
    };
  });
  return HEAD + stringify({ groups: [{ name: "orion", rules }] }, { lineWidth: 100 });
}
