"""Detectors of LibreYOLO, exported and read by itself."""
import os

import numpy
from PIL import Image

from common import IOU, one_class_each, picture, threshold, write
from torch_parts import calibrate, spread, tensor


class Backend:
    """LibreYOLO's own reading of a file, of one class for each cell, as Orion gives."""

    def __init__(self, path, size, labels):
        from libreyolo.backends.onnx import OnnxBackend
        self.backend = OnnxBackend(path, device="cpu")
        self.size, self.labels = size, labels
        if self.backend.model_family == "yolo7":  # It is read like this one, and each class on its own.
            self.backend.model_family = "yolo9"
        if self.backend.embedded_nms:  # Several classes for a cell are what the graph itself keeps.
            self.backend.embedded_nms_raw_output_index = None
            return
        inner = self.backend._run_inference
        self.backend._run_inference = lambda blob: [self.best(one) for one in inner(blob)]

    def best(self, output):
        """Zero where a cell has a better class."""
        for axis in range(1, output.ndim):
            if output.ndim == 3 and output.shape[axis] in (self.labels, 4 + self.labels):
                scores = numpy.moveaxis(output, axis, 2)[..., -self.labels:]
                if scores.min() >= 0:
                    scores[scores < scores.max(-1, keepdims=True)] = 0
        return output

    def predict(self, levels, confidence):
        if self.backend.model_family == "yolonas":  # It fits pictures into 636 of 640 pixels: here it is the input.
            parse = self.backend._parse_yolonas
            self.backend._preprocess = lambda image, *_, **__: (tensor(levels), image, image.size, 1.0)
            self.backend._parse_yolonas = lambda *values, **named: parse(*values, **{**named, "ratio": 1.0})
        found = self.backend.predict(Image.fromarray(levels), conf=confidence, iou=IOU, max_det=300)
        boxes = found.boxes
        return {"labels": boxes.cls, "scores": boxes.conf, "boxes": boxes.xyxy}


def network(name, kind, size, variant, is_spread=True, boxes=None, **options):
    """@param boxes  the layers that give sides of boxes which random weights would make negative"""
    import libreyolo
    model = getattr(libreyolo, kind)(None, size=variant)
    for part in model.model.modules():
        if hasattr(part, "score_thresh"):
            part.score_thresh = 0.001
    levels = picture(size, size)
    if is_spread:
        spread(model.model)
        for part, layer in model.model.named_modules():
            if boxes is not None and boxes in part and hasattr(layer, "bias"):
                layer.bias.data.fill_(2.0)
        calibrate(model.model, model._preprocess(Image.fromarray(levels), "rgb", input_size=size)[0])
    os.replace(model.export(format="onnx", output_path=name + ".own.onnx", imgsz=size, simplify=False, **options),
               name + ".onnx")
    backend = Backend(name + ".onnx", size, model.nb_classes)
    confidence = threshold(backend.predict(levels, 0.001)["scores"][:60])
    found = backend.predict(levels, confidence)
    rows = zip(found["labels"], found["scores"], found["boxes"])
    detections = one_class_each(found, confidence) if not is_spread else [[one, score, *box] for one, score, box in rows]
    write(name, levels, detections, confidence, is_clipped=True)


FAMILIES = {
    "libre-yolo9": lambda name: network(name, "LibreYOLO9", 320, "t"),
    "libre-yolo9-nms": lambda name: network(name, "LibreYOLO9", 320, "t", nms=True, conf=0.001, iou=IOU),
    "libre-yolo7": lambda name: network(name, "LibreYOLO7", 320, "b"),
    "libre-yolox": lambda name: network(name, "LibreYOLOX", 416, "n"),
    "libre-yolonas": lambda name: network(name, "LibreYOLONAS", 640, "s"),
    "libre-rtmdet": lambda name: network(name, "LibreRTMDet", 320, "t", boxes="rtm_reg"),
    "libre-picodet": lambda name: network(name, "LibrePICODET", 320, "s"),
    "libre-ppyoloe": lambda name: network(name, "LibrePPYOLOE", 320, "s"),
    "libre-ssd": lambda name: network(name, "LibreSSD", 300, "300"),
    "libre-efficientdet": lambda name: network(name, "LibreEfficientDet", 512, "d0"),
    "libre-centernet": lambda name: network(name, "LibreCenterNet", 512, "resdcn18", boxes="wh"),
    "libre-fasterrcnn": lambda name: network(name, "LibreFasterRCNN", 320, "n"),
    "libre-dfine": lambda name: network(name, "LibreDFINE", 640, "n", is_spread=False),
    "libre-deim": lambda name: network(name, "LibreDEIM", 640, "n", is_spread=False),
    "libre-deimv2": lambda name: network(name, "LibreDEIMv2", 320, "atto", is_spread=False),
    "libre-deimv2-dino": lambda name: network(name, "LibreDEIMv2", 640, "s", is_spread=False),
    "libre-rtdetrv4": lambda name: network(name, "LibreRTDETRv4", 640, "s", is_spread=False),
    "libre-ec": lambda name: network(name, "LibreEC", 640, "s", is_spread=False),
}
