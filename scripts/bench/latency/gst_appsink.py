"""Orion's main pipeline with GStreamer: an RTSP camera, a person detector, MQTT.

    rtspsrc ! rtph264depay ! h264parse ! decoder ! videoscale ! videoconvert
        ! appsink drop=true max-buffers=1

The peer that Orion's latency is measured against, so it's made as quick as is known: no delay in the
jitter buffer, a decoder that holds nothing back, one thread each for what Orion does with one, a message
that goes to the socket without a detour through another thread. Below the camera's rate, frames that are
not due are dropped after the decoder and before the scaler, by their timestamps; videorate would hold
each frame until the next one comes.

Publishes {"frame": {"ptsSeconds": ...}, ...}: seconds since the connection's first frame. Prints one line
of JSON with what it is made of. The end of standard input ends it.
"""

import argparse
import json
import os
import socket
import sys
import threading
import time

import gi
import numpy
import onnxruntime
import paho.mqtt.client as mqtt

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstVideo", "1.0")
from gi.repository import Gst, GstApp, GstVideo  # noqa: E402, F401

DECODERS = {
    # Each frame thread would delay by a frame.
    "avdec_h264": "avdec_h264 max-threads=1",
    "openh264dec": "openh264dec",
}
GREY = 114 / 255
# Orion's default for a model with a dynamic input size.
OPEN_SIDE = 416
PULL_TIMEOUT_SECONDS = 1
PERSON = 0


def choose_decoder():
    for name, launch in DECODERS.items():
        if Gst.ElementFactory.find(name) is not None:
            return name, launch
    sys.exit("no H.264 decoder for GStreamer: apt-get install gstreamer1.0-libav")


class Due:
    """A probe that passes the frames that are due at a rate, and records the first frame's time."""

    def __init__(self, rate_hz, camera_fps):
        self.step = Gst.SECOND / rate_hz
        self.slack = Gst.SECOND / camera_fps / 2
        self.next = None
        self.first = None

    def on_first(self, _pad, info):
        self.first = info.get_buffer().pts
        return Gst.PadProbeReturn.REMOVE

    def on_decoded(self, _pad, info):
        pts = info.get_buffer().pts
        if self.next is None:
            self.next = pts
        if pts < self.next - self.slack:
            return Gst.PadProbeReturn.DROP
        # After a gap it continues from here instead of catching up.
        self.next = max(self.next + self.step, pts + self.slack)
        return Gst.PadProbeReturn.OK


class Detector:
    """The bundled model on one thread, with its pre- and postprocessing."""

    def __init__(self, path, confidence=0.45, iou=0.5):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        providers = ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(path, options, providers=providers)
        _n, _c, *sides = self.session.get_inputs()[0].shape
        height, width = (side if isinstance(side, int) else OPEN_SIDE for side in sides)
        self.side = (width, height)
        self.confidence, self.iou = confidence, iou

    def fit(self, width, height):
        """Scales a picture of that size into the input, keeping its aspect ratio."""
        self.scale = min(self.side[0] / width, self.side[1] / height)
        self.size = (round(width * self.scale), round(height * self.scale))
        self.offset = ((self.side[0] - self.size[0]) // 2, (self.side[1] - self.size[1]) // 2)
        self.tensor = numpy.full((1, 3, self.side[1], self.side[0]), GREY, numpy.float32)
        self.session.run(None, {"images": self.tensor})
        return self.size

    def fill(self, rgb, stride):
        width, height = self.size
        rows = numpy.frombuffer(rgb, numpy.uint8).reshape(height, stride)[:, : width * 3]
        left, top = self.offset
        target = self.tensor[0, :, top : top + height, left : left + width]
        planes = rows.reshape(height, width, 3).transpose(2, 0, 1)
        numpy.multiply(planes, numpy.float32(1 / 255), out=target)

    def run(self):
        boxes, scores = self.session.run(["boxes", "scores"], {"images": self.tensor})
        person = scores[0, :, PERSON]
        found = numpy.flatnonzero(person >= self.confidence)
        kept = []
        for cell in found[numpy.argsort(-person[found])]:
            box = boxes[0, cell]
            if all(overlap(box, other) <= self.iou for _score, other in kept):
                kept.append((float(person[cell]), box))
        left, top = self.offset
        return [
            {
                "class": "person",
                "confidence": round(score, 4),
                "box": [
                    round(float(value - shift) / self.scale, 1)
                    for value, shift in zip(box, (left, top) * 2)
                ],
            }
            for score, box in kept
        ]


def overlap(a, b):
    """Intersection over union of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def connect(port):
    """A client without its own thread: `publish` writes to the socket at once."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.connect("127.0.0.1", port)
    while not client.is_connected():
        client.loop(0.1)
    client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def pipeline(options, due, size):
    name, decoder = choose_decoder()
    built = Gst.parse_launch(
        f"rtspsrc location={options.url} protocols={options.transport} latency=0 buffer-mode=none ! "
        f"rtph264depay name=depay ! h264parse ! {decoder} name=decoder ! "
        "videoscale method=bilinear ! videoconvert ! "
        f"video/x-raw,format=RGB,width={size[0]},height={size[1]},pixel-aspect-ratio=1/1 ! "
        "appsink name=sink sync=false drop=true max-buffers=1"
    )
    first = built.get_by_name("depay").get_static_pad("src")
    first.add_probe(Gst.PadProbeType.BUFFER, due.on_first)
    if options.rate < options.fps:
        decoded = built.get_by_name("decoder").get_static_pad("src")
        decoded.add_probe(Gst.PadProbeType.BUFFER, due.on_decoded)
    made_of = {"event": "ready", "decoder": name, "gstreamer": Gst.version_string()}
    print(json.dumps(made_of), flush=True)
    return built


def serve(options):
    Gst.init(None)
    detector = Detector(options.model)
    size = detector.fit(options.width, options.height)
    client = connect(options.mqtt_port)
    due = Due(options.rate, options.fps)
    built = pipeline(options, due, size)
    sink, bus = built.get_by_name("sink"), built.get_bus()
    built.set_state(Gst.State.PLAYING)
    while True:
        sample = sink.try_pull_sample(PULL_TIMEOUT_SECONDS * Gst.SECOND)
        if sample is None:
            failure = bus.pop_filtered(Gst.MessageType.ERROR | Gst.MessageType.EOS)
            if failure is not None:
                sys.exit(f"the pipeline ended: {failure.get_structure().to_string()}")
            continue
        taken = time.monotonic()
        buffer = sample.get_buffer()
        stride = GstVideo.VideoInfo.new_from_caps(sample.get_caps()).stride[0]
        mapped, view = buffer.map(Gst.MapFlags.READ)
        if not mapped:
            sys.exit("a frame could not be mapped")
        detector.fill(view.data, stride)
        buffer.unmap(view)
        began = time.monotonic()
        detections = detector.run()
        ended = time.monotonic()
        message = {
            "frame": {"ptsSeconds": round((buffer.pts - due.first) / Gst.SECOND, 6)},
            "detections": detections,
            "timing": {
                "convertMs": round((began - taken) * 1000, 2),
                "inferenceMs": round((ended - began) * 1000, 2),
            },
        }
        client.publish(options.topic, json.dumps(message))
        client.loop(0)


def end_with_input():
    sys.stdin.buffer.read()
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--transport", choices=("tcp", "udp"), default="tcp")
    parser.add_argument("--width", type=int, required=True, help="of the camera's picture")
    parser.add_argument("--height", type=int, required=True)
    parser.add_argument("--fps", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True, help="frames per second to infer on")
    parser.add_argument("--model", required=True)
    parser.add_argument("--mqtt-port", type=int, required=True)
    parser.add_argument("--topic", required=True)
    options = parser.parse_args()
    threading.Thread(target=end_with_input, daemon=True).start()
    serve(options)


if __name__ == "__main__":
    main()
