import assert from "node:assert/strict";
import { healthJson } from "../../../src/health/health_json.ts";
import { Metrics } from "../../../src/health/metrics.ts";
import { healthReport } from "../../../src/health/report.ts";
import { assertMetricsClose } from "../../support/product/metric_sums.ts";
import { parts } from "./parts.ts";

Deno.test("metrics: every name of the contract is present, with the report's numbers, not rounded", async () => {
  const metrics = new Metrics();
  metrics.observe({ camera: "gate", detector: "person", stage: "total" }, 25);
  const build = { version: "0.1.0", deno: "2.9.6", libav: "FFmpeg 5.1", onnxruntime: "1.30.0" };
  const process = {
    ...{ residentBytes: 1024, cpuSeconds: 2, startSeconds: 1_795_345_300, build },
    droppedLogLines: 7,
    eventReaders: 3,
  };
  await metrics.text(healthReport(parts()), process);
  const { text } = await metrics.text(healthReport(parts()), process);
  assertMetricsClose(text);
  for (
    const line of [
      'orion_frames_received_total{camera="gate"} 108',
      'orion_frames_undecoded_total{camera="gate",reason="asleep"} 6',
      'orion_gop_buffer_frames{camera="gate"} 4',
      'orion_gop_buffer_bytes{camera="gate"} 400000',
      'orion_catch_ups_total{camera="gate"} 3',
      'orion_frames_corrupt_total{camera="gate"} 2',
      'orion_frames_decoded_total{camera="gate"} 100',
      'orion_frames_processed_total{camera="gate",detector="person"} 20',
      'orion_frames_dropped_total{camera="gate",detector="person",reason="rate"} 79',
      'orion_mailbox_waiting{camera="gate",detector="person"} 1',
      'orion_inferences_emitted_total{camera="gate",detector="person"} 9',
      'orion_rate_limit_hertz{camera="gate",detector="person"} 5',
      'orion_drop_ratio{camera="gate",detector="person"} 0.8095238095238095',
      'orion_latency_seconds_count{camera="gate",detector="person",stage="total"} 1',
      'orion_worker_last_seen_timestamp_seconds{worker="person-0"} 1795345361.54',
      'orion_worker_restarts_total{worker="person-1"} 1',
      'orion_worker_restarts_total{worker="capture-gate"} 1',
      'orion_camera_up{camera="gate"} 1',
      'orion_camera_reconnects_total{camera="gate"} 2',
      "orion_mqtt_up 1",
      "orion_threads_abandoned 2",
      'orion_mqtt_published_total{topic_kind="inference"} 1',
      'orion_mqtt_discarded_total{topic_kind="inference",reason="superseded"} 2',
      'orion_mqtt_produced_total{topic_kind="inference"} 4',
      'orion_mqtt_waiting{topic_kind="inference"} 1',
      'orion_decode_seconds_total{camera="gate"} 1.5',
      "process_resident_memory_bytes 1024",
      "process_cpu_seconds_total 2",
      "process_start_time_seconds 1795345300",
      'orion_build_info{version="0.1.0",deno="2.9.6",libav="FFmpeg 5.1",onnxruntime="1.30.0"} 1',
      'orion_camera_fps{camera="gate"} 24.9999',
      "orion_log_lines_dropped_total 7",
      "orion_http_event_readers 3",
      'orion_presence_started_total{camera="gate",detector="person",class="person"} 5',
      'orion_presence_ended_total{camera="gate",detector="person",class="person",reason="left"} 2',
      'orion_presence_ended_total{camera="gate",detector="person",class="person",reason="paused"} 1',
      'orion_presence_ended_total{camera="gate",detector="person",class="person",reason="restart"} 0',
      'orion_presence_open{camera="gate",detector="person",class="person"} 2',
      'orion_occupancy{camera="gate",zone="door",class="person"} 1',
      'orion_occupancy{camera="gate",zone="all",class="person"} 2',
      'orion_live_viewers{camera="gate"} 3',
      'orion_live_pictures_total{camera="gate"} 41',
    ]
  ) assert.ok(text.split("\n").includes(line), `${line} is missing in\n${text}`);
});

Deno.test("metrics: buffered frames are no counter, and an unknown frame rate is absent", async () => {
  const base = parts();
  const cameras = base.cameras.map((camera) => ({
    ...camera,
    report: { ...camera.report, info: null },
  }));
  const report = healthReport({ ...base, cameras });
  assert.equal(healthJson(report).cameras[0]?.fps, null);
  assert.equal(report.cameras[0]?.gopBuffer.catchUps, 3);
  const build = { version: "", deno: "", libav: "", onnxruntime: "" };
  const { text } = await new Metrics().text(report, {
    ...{
      residentBytes: 0,
      cpuSeconds: 0,
      startSeconds: 0,
      droppedLogLines: 0,
      eventReaders: 0,
      build,
    },
  });
  assert.doesNotMatch(text, /reason="buffered"|^orion_camera_fps\{/m);
});
