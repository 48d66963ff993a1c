"""Transformers of Hugging Face, by torch's exporter as its documentation describes, and their own processors."""
import types

import torch

from common import one_class_each, picture, run, threshold, write
from torch_parts import IMAGENET, export, tensor


def network(name, model, processor, size=320, do_compete=False, **normalised):
    model.eval()

    class Plain(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, pixel_values):
            found = self.model(pixel_values)
            return found.logits, found.pred_boxes

    levels = picture(size, size)
    values = tensor(levels, **normalised)
    export(name, Plain(), (values,), ["pixel_values"], ["logits", "pred_boxes"])
    logits, boxes = (torch.from_numpy(one) for one in run(name, {"pixel_values": values.numpy()}))
    found = types.SimpleNamespace(logits=logits, pred_boxes=boxes)
    scores = logits.softmax(-1)[..., :-1] if do_compete else logits.sigmoid()
    confidence = threshold(scores.amax(-1))
    result = processor.post_process_object_detection(found, confidence, [(size, size)])[0]
    write(name, levels, one_class_each(result, confidence), confidence)


def backbone():
    """A small one, of random weights: theirs are downloaded."""
    from transformers import ResNetConfig
    layers = ResNetConfig(embedding_size=32, hidden_sizes=[32, 64, 128, 256], depths=[1, 1, 1, 1],
                          out_features=["stage4"])
    return {"use_timm_backbone": False, "use_pretrained_backbone": False, "backbone": None, "backbone_config": layers}


def sharpened(model):
    """Queries, classes and boxes that differ more than those of first weights do."""
    for name, part in model.named_parameters():
        if "query_position" in name or "detection_tokens" in name:
            part.data.normal_(0, 3)
        elif name.endswith("weight") and part.dim() == 2 and any(one in name for one in ["class", "bbox", "decoder"]):
            part.data.mul_(4)
    return model


def d_fine(name):
    from transformers import DFineConfig, DFineForObjectDetection, RTDetrImageProcessor
    network(name, DFineForObjectDetection(DFineConfig(num_labels=80, decoder_layers=3)), RTDetrImageProcessor())


def rt_detr_v2(name):
    from transformers import RTDetrImageProcessor, RTDetrV2Config, RTDetrV2ForObjectDetection
    config = RTDetrV2Config(num_labels=80, decoder_layers=3)
    network(name, RTDetrV2ForObjectDetection(config), RTDetrImageProcessor())


def detr(name):
    from transformers import DetrConfig, DetrForObjectDetection, DetrImageProcessor
    model = DetrForObjectDetection(DetrConfig(num_labels=91, encoder_layers=2, decoder_layers=2, **backbone()))
    network(name, sharpened(model), DetrImageProcessor(), do_compete=True, **IMAGENET)


def table_transformer(name):
    from transformers import DetrImageProcessor, TableTransformerConfig, TableTransformerForObjectDetection
    config = TableTransformerConfig(num_labels=2, num_queries=15, encoder_layers=2, decoder_layers=2, **backbone())
    network(name, sharpened(TableTransformerForObjectDetection(config)), DetrImageProcessor(), do_compete=True, **IMAGENET)


def conditional_detr(name):
    from transformers import ConditionalDetrConfig, ConditionalDetrForObjectDetection, ConditionalDetrImageProcessor
    config = ConditionalDetrConfig(num_labels=91, encoder_layers=2, decoder_layers=2, **backbone())
    network(name, sharpened(ConditionalDetrForObjectDetection(config)), ConditionalDetrImageProcessor(), **IMAGENET)


def yolos(name):
    from transformers import YolosConfig, YolosForObjectDetection, YolosImageProcessor
    config = YolosConfig(hidden_size=64, num_hidden_layers=4, num_attention_heads=2, intermediate_size=128,
                         image_size=[320, 320], num_labels=91)
    network(name, sharpened(YolosForObjectDetection(config)), YolosImageProcessor(), do_compete=True, **IMAGENET)


FAMILIES = {
    "dfine-hf": d_fine,
    "rtdetrv2-hf": rt_detr_v2,
    "detr-hf": detr,
    "conditional-detr-hf": conditional_detr,
    "table-transformer-hf": table_transformer,
    "yolos-hf": yolos,
}
