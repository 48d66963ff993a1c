"""The same as export.py for TensorFlow's object detection API, which needs packages of its own time:

    pip install tensorflow-cpu==2.15.1 tf2onnx==1.17.0 onnx==1.16.2 tf-slim lxml matplotlib scipy pandas
    pip install --no-deps tf-models-research-object-detection==2.8.0.post1
    PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=python python scripts/bench/families/export_tf.py tmp/families
"""
import os
import shutil
import subprocess
import sys
from unittest import mock

import numpy
import tensorflow
from common import IOU, picture, threshold, write
from google.protobuf import text_format

# Of networks that are not built here.
for part in ("tensorflow_io", "object_detection.models.ssd_efficientnet_bifpn_feature_extractor"):
    sys.modules[part] = mock.MagicMock()
from object_detection import exporter_lib_v2
from object_detection.builders import model_builder
from object_detection.protos import pipeline_pb2

NAME = "ssd"
FOLDER = "ssd.out"
LAYERS = """conv_hyperparams {
  regularizer { l2_regularizer { weight: 0.00004 } }
  initializer { truncated_normal_initializer { stddev: 0.03 } }
  activation: RELU_6
  batch_norm { scale: true }
}"""
CONFIG = f"""model {{ ssd {{
  num_classes: 90
  image_resizer {{ fixed_shape_resizer {{ height: 300 width: 300 }} }}
  feature_extractor {{
    type: "ssd_mobilenet_v2_keras" depth_multiplier: 0.35 min_depth: 16
    override_base_feature_extractor_hyperparams: true {LAYERS}
  }}
  box_coder {{ faster_rcnn_box_coder {{ y_scale: 10 x_scale: 10 height_scale: 5 width_scale: 5 }} }}
  matcher {{ argmax_matcher {{ }} }}
  similarity_calculator {{ iou_similarity {{ }} }}
  box_predictor {{ convolutional_box_predictor {{ kernel_size: 1 box_code_size: 4 {LAYERS} }} }}
  anchor_generator {{ ssd_anchor_generator {{
    num_layers: 6 min_scale: 0.2 max_scale: 0.95 aspect_ratios: 1.0 aspect_ratios: 2.0 aspect_ratios: 0.5
  }} }}
  post_processing {{
    batch_non_max_suppression {{
      score_threshold: 1e-8 iou_threshold: {IOU} max_detections_per_class: 100 max_total_detections: 100
    }}
    score_converter: SIGMOID
  }}
  loss {{
    localization_loss {{ weighted_smooth_l1 {{ }} }}
    classification_loss {{ weighted_sigmoid {{ }} }}
  }}
}} }}"""


def spread(model):
    """Weights that keep the spread of what passes through, as in export.py."""
    for weights in model.trainable_variables:
        if len(weights.shape) == 4:
            height, width, channels, _ = weights.shape
            inputs = height * width * (1 if "depthwise" in weights.name else channels)
            # Scores of the last layers are not to come close to 1.
            gain = 0.2 if "Predictor" in weights.name else 1
            deviation = gain * (2 / inputs) ** 0.5
            weights.assign(tensorflow.random.normal(weights.shape, stddev=deviation))


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    os.chdir(sys.argv[1])
    tensorflow.random.set_seed(3)
    config = text_format.Parse(CONFIG, pipeline_pb2.TrainEvalPipelineConfig())
    model = model_builder.build(config.model, is_training=False)
    model.predict(*model.preprocess(tensorflow.zeros([1, 300, 300, 3])))
    spread(model)
    shutil.rmtree(FOLDER, ignore_errors=True)
    checkpoint = tensorflow.train.Checkpoint(model=model)
    tensorflow.train.CheckpointManager(checkpoint, f"{FOLDER}/weights", 1).save()
    exporter_lib_v2.export_inference_graph("image_tensor", config, f"{FOLDER}/weights", FOLDER)
    levels = picture(320, 256)
    found = tensorflow.saved_model.load(f"{FOLDER}/saved_model")(tensorflow.constant(levels[None]))
    labels, scores, boxes = (found[f"detection_{of}"][0].numpy() for of in ("classes", "scores", "boxes"))
    confidence = threshold(scores)
    kept = scores >= confidence
    y1, x1, y2, x2 = (boxes * numpy.tile([256, 320], 2))[kept].T
    write(NAME, levels, numpy.stack([labels[kept], scores[kept], x1, y1, x2, y2], 1), confidence)
    # The converter works with newer messages, and is slow with those in Python.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PROTOCOL_BUFFERS")}
    subprocess.run([sys.executable, "-m", "tf2onnx.convert", "--saved-model", f"{FOLDER}/saved_model",
                    "--opset", "17", "--output", f"{NAME}.onnx"], check=True, env=environment)


main()
