"""What the exports of all families write beside the model: a picture, and what is found in it."""
import json
import pathlib

import numpy

LEAST = 40  # detections to compare, where the network gives so many
IOU = 0.5


def picture(width, height):
    """A picture with shapes and colours, always the same."""
    random = numpy.random.default_rng(7)
    coarse = random.integers(0, 256, (height // 16 + 1, width // 16 + 1, 3))
    fine = numpy.kron(coarse, numpy.ones((16, 16, 1)))[:height, :width]
    noise = random.integers(-20, 21, (height, width, 3))
    return numpy.clip(fine + noise, 0, 255).astype(numpy.uint8)


def write(name, levels, detections, confidence, settings=None):
    height, width = levels.shape[:2]
    pathlib.Path(name + ".rgb").write_bytes(levels.tobytes())
    rows = [[float(value) for value in row] for row in detections]
    rows.sort(key=lambda row: -row[1])
    found = {"width": width, "height": height, "confidence": confidence, "iou": IOU,
             "settings": settings or {}, "detections": rows}
    pathlib.Path(name + ".json").write_text(json.dumps(found))
    print("OK", name, len(rows), "detections, from", confidence)


def threshold(scores):
    """A confidence that some pass, and no score is close to."""
    best = numpy.sort(numpy.asarray(scores, numpy.float64).ravel())[::-1]
    first, last = min(LEAST // 4, len(best) // 2), min(3 * LEAST, len(best) - 1)
    gaps = best[first:last] - best[first + 1:last + 1]
    at = first + int(numpy.argmax(gaps))
    return float((best[at] + best[at + 1]) / 2)
