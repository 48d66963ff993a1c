"""What the exports of torch's networks share: their input, and random weights that give boxes and scores."""
import numpy
import torch

IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


def tensor(levels, bgr=False, scale=1.0, mean=0.0, std=1.0):
    """The picture as a batch of one, as the family takes it."""
    channels = levels[..., ::-1] if bgr else levels
    values = (channels.astype(numpy.float32) / 255 * scale - numpy.float32(mean)) / numpy.float32(std)
    return torch.from_numpy(numpy.ascontiguousarray(values.transpose(2, 0, 1)))[None]


def export(name, module, example, inputs, outputs, **options):
    torch.onnx.export(module, example, name + ".onnx", input_names=inputs, output_names=outputs,
                      opset_version=17, dynamo=False, **options)


def spread(module):
    """Weights that keep the spread of what passes through: the usual first ones of these families let it
    fade, so that all boxes and scores would be the same."""
    for part in module.modules():
        if isinstance(part, (torch.nn.Conv2d, torch.nn.ConvTranspose2d)) and part.weight.requires_grad:
            torch.nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
            if part.bias is not None:
                part.bias.data.normal_(0, 0.5)
    return module


def calibrate(module, values):
    """Statistics of normalisation as they are for this input, and small last weights: scores between 0 and 1."""
    for part in module.modules():
        if isinstance(part, torch.nn.Conv2d) and part.bias is not None:
            part.weight.data.mul_(0.3)
    norms = [part for part in module.modules() if isinstance(part, torch.nn.modules.batchnorm._BatchNorm)]
    module.eval()
    for part in norms:
        part.momentum, part.training = 1.0, True
    with torch.no_grad():
        module(values)
    for part in norms:
        part.training = False
    return module
