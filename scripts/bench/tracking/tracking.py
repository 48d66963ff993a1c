"""What the tracking bench needs of Python: `tracking.py truth`, or `tracking.py tracks|scores` with JSON as input.

truth   prints the ground truth that comes with motmetrics
tracks  prints what ByteTrack of supervision makes of the runs in the input
scores  prints the sums of motmetrics over the runs in the input
"""

import json
import os
import sys

import motmetrics
import numpy

SEQUENCES = ("TUD-Campus", "TUD-Stadtmitte")
METRICS = [
    *("idtp", "idfp", "idfn", "num_switches"),
    *("num_misses", "num_false_positives", "num_objects"),
]


def truth():
    folder = os.path.join(os.path.dirname(motmetrics.__file__), "data")
    sequences = {}
    for name in SEQUENCES:
        frames = {}
        with open(os.path.join(folder, name, "gt.txt")) as lines:
            for line in lines:
                number, identity, *box = (float(field) for field in line.split(",")[:6])
                frames.setdefault(int(number), []).append({"id": int(identity), "box": box})
        sequences[name] = [frames.get(n, []) for n in range(1, max(frames) + 1)]
    return sequences


def tracks(given):
    import supervision

    def frame_tracks(tracker, frame):
        boxes = [[x, y, x + w, y + h] for x, y, w, h, _ in frame]
        found = tracker.update_with_detections(
            supervision.Detections(
                xyxy=numpy.array(boxes, dtype=float).reshape(-1, 4),
                confidence=numpy.array([d[4] for d in frame], dtype=float),
            )
        )
        return [
            {"id": int(identity), "box": [x, y, right - x, bottom - y]}
            for (x, y, right, bottom), identity in zip(found.xyxy.tolist(), found.tracker_id)
        ]

    results = []
    for run in given["runs"]:
        tracker = supervision.ByteTrack(**run["options"])
        results.append([frame_tracks(tracker, frame) for frame in run["detections"]])
    return results


def scores(given):
    sums = dict.fromkeys(METRICS, 0)
    host = motmetrics.metrics.create()
    for run in given["runs"]:
        accumulator = motmetrics.MOTAccumulator(auto_id=True)
        for true, found in zip(run["truth"], run["tracks"], strict=True):
            accumulator.update(
                [box["id"] for box in true],
                [box["id"] for box in found],
                motmetrics.distances.iou_matrix(
                    numpy.array([box["box"] for box in true], dtype=float).reshape(-1, 4),
                    numpy.array([box["box"] for box in found], dtype=float).reshape(-1, 4),
                    max_iou=0.5,
                ),
            )
        row = host.compute(accumulator, metrics=METRICS, return_dataframe=False)
        for name in METRICS:
            sums[name] += int(row[name])
    return sums


def main():
    command = sys.argv[1]
    if command == "truth":
        result = truth()
    else:
        result = {"tracks": tracks, "scores": scores}[command](json.load(sys.stdin))
    json.dump(result, sys.stdout)


main()
