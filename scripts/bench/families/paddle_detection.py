"""PP-YOLOE+ and PicoDet of PaddleDetection, exported by paddle2onnx.

    pip install paddlepaddle==3.0.0 paddle2onnx==2.1.0 six decorator astor pycocotools matplotlib typeguard==2.13.3
    pip install --no-deps paddledet==2.6.0
"""
import shutil
import sys
import types

from common import IOU, picture, threshold, write
from torch_parts import IMAGENET, tensor

KEPT = {"nms_top_k": 1000, "keep_top_k": 100, "score_threshold": 0.025, "nms_threshold": IOU}


def load():
    """PaddleDetection imports with its models what it tracks and evaluates with."""
    for part in ["motmetrics", "lap", "pyclipper", "terminaltables", "imgaug", "sklearn", "sklearn.cluster",
                 "sklearn.mixture"]:
        sys.modules.setdefault(part, types.ModuleType(part))
    import paddle
    from ppdet.modeling import ops

    def multiclass_nms(bboxes, scores, score_threshold, nms_top_k, keep_top_k, nms_threshold, normalized=True,
                       nms_eta=1.0, background_label=-1, rois_num=None, **_):
        """As later releases call it, for graphs of Paddle 3."""
        found, _, number = paddle._C_ops.multiclass_nms3(
            bboxes, scores, rois_num, score_threshold, nms_top_k, keep_top_k, nms_threshold, normalized,
            nms_eta, background_label)
        return found, number, None

    ops.multiclass_nms = multiclass_nms
    paddle.seed(3)
    return paddle


def spread(paddle, model):
    for part in model.sublayers():
        if isinstance(part, paddle.nn.Conv2D):
            paddle.nn.initializer.KaimingNormal()(part.weight)


def finish(name, paddle, model, size, values, is_suppressed=True):
    """Exports as tools/export_model.py does. @returns what the network itself finds"""
    import paddle2onnx
    for part in model.sublayers():
        if hasattr(part, "convert_to_deploy"):
            part.convert_to_deploy()
    inputs = {"image": paddle.to_tensor(values.numpy()), "scale_factor": paddle.ones([1, 2]),
              "im_shape": paddle.full([1, 2], float(size))}
    found = {key: value.numpy() for key, value in model(inputs).items()}
    image = paddle.static.InputSpec([None, 3, size, size], name="image")
    scale = paddle.static.InputSpec([None, 2], name="scale_factor")
    used = {"image": image, "scale_factor": scale} if is_suppressed else {"image": image}
    folder = name + ".paddle"
    static = paddle.jit.to_static(model, input_spec=[{"image": image, "scale_factor": scale}], full_graph=True)
    paddle.jit.save(static, folder + "/model", input_spec=[used])
    paddle2onnx.export(folder + "/model.json", folder + "/model.pdiparams", name + ".onnx", opset_version=16)
    shutil.rmtree(folder)
    return found


def pp_yoloe(name):
    paddle = load()
    from ppdet.modeling.architectures.yolo import YOLOv3
    from ppdet.modeling.backbones.cspresnet import CSPResNet
    from ppdet.modeling.heads.ppyoloe_head import PPYOLOEHead
    from ppdet.modeling.layers import MultiClassNMS
    from ppdet.modeling.necks.custom_pan import CustomCSPPAN
    small = {"width_mult": 0.5, "depth_mult": 0.33}
    backbone = CSPResNet(layers=[3, 6, 6, 3], channels=[64, 128, 256, 512, 1024], return_idx=[1, 2, 3],
                         use_large_stem=True, use_alpha=True, **small)
    neck = CustomCSPPAN(in_channels=[one.channels for one in backbone.out_shape], out_channels=[768, 384, 192],
                        stage_num=1, block_num=3, act="swish", spp=True, **small)
    head = PPYOLOEHead(in_channels=[one.channels for one in neck.out_shape], static_assigner=None, assigner=None,
                       nms=MultiClassNMS(**KEPT))
    model = YOLOv3(backbone, neck, head, post_process=None)
    spread(paddle, model)
    for branch in head.pred_cls:
        branch.weight.set_value(branch.weight * 0.2)
        branch.bias.set_value(paddle.full_like(branch.bias, -2.0))
    model.eval()
    levels = picture(320, 320)
    rows = finish(name, paddle, model, 320, tensor(levels))["bbox"]
    confidence = threshold(rows[:, 1])
    write(name, levels, rows[rows[:, 1] >= confidence], confidence)


def picodet(name, is_suppressed):
    paddle = load()
    from ppdet.modeling.architectures.picodet import PicoDet
    from ppdet.modeling.backbones.lcnet import LCNet
    from ppdet.modeling.heads.pico_head import PicoFeat, PicoHeadV2
    from ppdet.modeling.layers import MultiClassNMS
    from ppdet.modeling.losses.varifocal_loss import VarifocalLoss
    from ppdet.modeling.necks.lc_pan import LCPAN
    backbone = LCNet(scale=0.75, feature_maps=[3, 4, 5])
    neck = LCPAN(in_channels=[one.channels for one in backbone.out_shape], out_channels=96, num_features=4)
    feature = PicoFeat(feat_in=96, feat_out=96, num_convs=2, num_fpn_stride=4, norm_type="bn", share_cls_reg=True,
                       use_se=True)
    head = PicoHeadV2(conv_feat=feature, fpn_stride=[8, 16, 32, 64], feat_in_chan=96, reg_max=7, cell_offset=0.5,
                      static_assigner=None, assigner=None, loss_class=VarifocalLoss(use_sigmoid=True), loss_dfl=None, loss_bbox=None,
                      nms=MultiClassNMS(**KEPT))
    model = PicoDet(backbone, neck, head)
    spread(paddle, model)
    model.eval()
    model.export_nms = is_suppressed
    levels = picture(320, 320)
    values = tensor(levels, **IMAGENET)
    found = finish(name, paddle, model, 320, values, is_suppressed)
    if not is_suppressed:
        scores = paddle.to_tensor(found["scores"])
        best = paddle.where(scores == scores.max(1, keepdim=True), scores, paddle.zeros_like(scores))
        rows = head.nms(paddle.to_tensor(found["bbox"]), best)[0].numpy()
    else:
        rows = found["bbox"]
    confidence = threshold(rows[:, 1])
    write(name, levels, rows[rows[:, 1] >= confidence], confidence, {"preprocess": IMAGENET})


FAMILIES = {
    "ppyoloe": pp_yoloe,
    "picodet": lambda name: picodet(name, True),
    "picodet-raw": lambda name: picodet(name, False),
}
