"""RTMDet of MMDetection, exported by MMDeploy.

    pip install mmengine mmcv-lite==2.1.0 && pip install --no-deps mmdet mmdeploy
"""
import functools
import importlib.machinery
import os
import pathlib
import sys
import types

import torch

from common import IOU, picture, threshold, write
from torch_parts import spread, tensor

MEAN, STD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)
KEPT = {"score_threshold": 0.05, "pre_top_k": 5000, "keep_top_k": 100}


def compiled_operators():
    """The compiled part of mmcv, which the registry has for no current torch. Of it, RTMDet needs the
    suppression of overlaps, which torchvision has as well."""
    import torchvision
    found = types.ModuleType("mmcv._ext")
    found.__spec__ = importlib.machinery.ModuleSpec("mmcv._ext", None)
    found.nms = lambda boxes, scores, iou_threshold, offset: torchvision.ops.nms(boxes, scores, iou_threshold)

    def absent(name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *values, **named: sys.exit(f"mmcv without {name}")

    found.__getattr__ = absent
    sys.modules["mmcv._ext"] = found


def deploy_config(size):
    """That of MMDeploy for ONNX Runtime, which its package lacks; None: the size is free."""
    from mmengine.config import Config
    free = {"dynamic_axes": {"input": {0: "batch", 2: "height", 3: "width"},
                             "dets": {0: "batch", 1: "num_dets"}, "labels": {0: "batch", 1: "num_dets"}}}
    post = {**KEPT, "confidence_threshold": 0.005, "iou_threshold": IOU, "max_output_boxes_per_class": 200,
            "background_label_id": -1}
    return Config({
        "onnx_config": {"type": "onnx", "export_params": True, "keep_initializers_as_inputs": False,
                        "opset_version": 11, "save_file": "end2end.onnx", "input_names": ["input"],
                        "output_names": ["dets", "labels"], "input_shape": size, "optimize": False,
                        **(free if size is None else {})},
        "codebase_config": {"type": "mmdet", "task": "ObjectDetection", "model_type": "end2end",
                            "post_processing": post},
        "backend_config": {"type": "onnxruntime"},
    })


def rtmdet(name, size):
    compiled_operators()
    torch.onnx.export = functools.partial(torch.onnx.export, dynamo=False)  # MMDeploy was made for it.
    import cv2
    import mmdet
    from mmdeploy.apis import torch2onnx
    from mmdet.registry import MODELS
    from mmdet.structures import DetDataSample
    from mmdet.utils import register_all_modules
    from mmengine.config import Config
    register_all_modules()
    import mmdeploy.codebase.mmdet  # noqa: F401: registers what it rewrites
    configs = pathlib.Path(mmdet.__file__).parent / ".mim/configs/rtmdet"
    config = Config.fromfile(str(configs / "rtmdet_tiny_8xb32-300e_coco.py"))
    config.model.backbone.pop("init_cfg", None)
    config.model.test_cfg.update(score_thr=KEPT["score_threshold"], nms={"type": "nms", "iou_threshold": IOU},
                                 nms_pre=KEPT["pre_top_k"], max_per_img=KEPT["keep_top_k"])
    config.test_pipeline[1].update(scale=(320, 320))
    config.test_dataloader.dataset.pipeline = config.test_pipeline
    model = spread(MODELS.build(config.model)).eval()
    for branch in model.bbox_head.rtm_reg:
        branch.weight.data.mul_(0.02)
        branch.bias.data.fill_(3.0)
    for branch in model.bbox_head.rtm_cls:
        branch.weight.data.mul_(0.1)
        branch.bias.data.fill_(-2.0)
    torch.save(model.state_dict(), name + ".pth")
    levels = picture(320, 320)
    cv2.imwrite(name + ".png", levels[..., ::-1])
    torch2onnx(name + ".png", ".", name + ".onnx", deploy_config(size), config, name + ".pth", "cpu")
    os.remove(name + ".pth")
    sample = DetDataSample(metainfo={"img_shape": (320, 320), "ori_shape": (320, 320), "scale_factor": (1, 1)})
    with torch.no_grad():
        found = model.predict(tensor(levels, bgr=True, scale=255, mean=MEAN, std=STD), [sample])[0].pred_instances
    confidence = threshold(found.scores)
    rows = torch.cat([found.labels[:, None], found.scores[:, None], found.bboxes], 1)
    write(name, levels, rows[found.scores >= confidence], confidence)


FAMILIES = {
    "rtmdet": lambda name: rtmdet(name, [320, 320]),
    "rtmdet-dynamic": lambda name: rtmdet(name, None),
}
