"""DAMO-YOLO, exported by ModelScope.

    pip install easydict simplejson sortedcontainers datasets timm && pip install --no-deps modelscope modelscope-hub
"""
import pathlib

import onnx
import torch

from common import IOU, picture, run, threshold, write
from torch_parts import calibrate, spread, tensor


def damo_yolo(name):
    from modelscope.exporters.cv.object_detection_damoyolo_exporter import ObjectDetectionDamoyoloExporter
    from modelscope.models.cv.tinynas_detection.damo.base_models.backbones.tinynas_res import TinyNAS
    from modelscope.models.cv.tinynas_detection.damo.base_models.heads.zero_head import ZeroHead
    from modelscope.models.cv.tinynas_detection.damo.base_models.necks.giraffe_fpn_btn import GiraffeNeckV2
    from modelscope.models.cv.tinynas_detection.detector import SingleStageDetector, postprocess_gfocal

    model = SingleStageDetector.__new__(SingleStageDetector)  # Its constructor reads a folder of the hub.
    torch.nn.Module.__init__(model)
    channels = [96, 192, 384]
    layers = [{"class": "ConvKXBNRELU", "in": 3, "out": 24, "k": 3, "s": 1}]
    for before, after, stride in [(24, 64, 2), (64, 96, 2), (96, 192, 2), (192, 192, 1), (192, 384, 2)]:
        layers.append({"class": "SuperResConvK1KX", "in": before, "out": after, "btn": 24, "k": 3, "s": stride, "L": 1})
    model.backbone = TinyNAS(layers, out_indices=(2, 4, 5), use_focus=True, act="relu", reparam=True)
    model.neck = GiraffeNeckV2(depth=0.5, in_channels=channels, out_channels=channels,
                               block_name="BasicBlock_3x3_Reverse")
    model.head = ZeroHead(num_classes=80, in_channels=channels, stacked_convs=0, reg_max=16, act="silu", nms=False)
    model.num_classes, model.onnx_export = 80, True
    levels = picture(320, 320)
    values = tensor(levels, scale=255)
    calibrate(spread(model), values)
    exporter = ObjectDetectionDamoyoloExporter.__new__(ObjectDetectionDamoyoloExporter)
    exporter.model = model
    exporter.export_onnx(".", input_shape=(1, 3, 320, 320))
    onnx.save(onnx.load("model.onnx"), name + ".onnx")  # With the weights that torch keeps in a file of their own.
    for file in ["model.onnx", "model.onnx.data"]:
        pathlib.Path(file).unlink(missing_ok=True)
    pred = torch.from_numpy(run(name, {"images": values.numpy()})[0])
    scores = pred[..., 4:]
    confidence = threshold(scores.amax(-1))
    pred[..., 4:] = scores * (scores == scores.amax(-1, keepdim=True))  # One class for each cell, as Orion gives.
    boxes, found, labels = postprocess_gfocal(pred, 80, confidence, IOU)
    write(name, levels, torch.cat([labels[:, None], found[:, None], boxes], 1), confidence)


FAMILIES = {"damo-yolo": damo_yolo}
