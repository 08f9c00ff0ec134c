"""Every detector that runs here on real footage: what it finds, and what it adds to its bare network.

    python -m benchmarks.accuracy.detectors [FILE ...] [--videos FOLDER]

FILE is another network, with its card; FOLDER is what `reid-pipeline demo` or `simulate` wrote,
whose videos are then looked at too. Footage and truth are those of the folder PASSERBY_SHARED (by default ../shared):
every fifth of the 269 frames of PETS view 1 with truth, and the frames of four sequences of MOT17. A match is an IoU of
0.5; people whom the truth says to ignore count neither way. Precision and recall are of all boxes from the score on,
the average precision (AP) of all from 0.05 on, of HOG from 0.5. Time is the median per frame of PETS on one thread, the
whole detector and the bare network in turns.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.detection_quality import Footage, quality, read_mot17_mini, read_pets, read_videos
from detectors.detections import Detections
from detectors.detector import Detector
from detectors.hog import HogDetector
from detectors.network_detector import NetworkDetector
from detectors.network_params import NetworkParams
from pipeline.model_zoo import fetch, known_models, shipped_models
from reid_runtime.load import load_session, own_provider
from reid_runtime.session import Session
from testing.paths import SHARED

NETWORKS = ("yolox-nano", "person-detection-retail-0013")
SHIPPED = "passerby-detector"
LEAST_SCORE = 0.05
SCORES = (0.1, 0.25, 0.5, 0.7)


@dataclass(frozen=True, slots=True)
class Contestant:
    """A detector that keeps all from `LEAST_SCORE` on, the scores to cut it at, and the network inside."""

    name: str
    detector: Detector
    scores: tuple[float, ...]
    session: Session | None


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.accuracy.detectors")
    options.add_argument("files", nargs="*", type=Path, metavar="FILE", help="more networks to measure")
    options.add_argument("--videos", type=Path, metavar="FOLDER", help="simulated videos with truth")
    asked = options.parse_args()
    cv2.setNumThreads(1)
    footage = [read_pets(SHARED), read_mot17_mini(SHARED)]
    footage += [read_videos(asked.videos)] if asked.videos else []
    print("| detector | footage | score | precision | recall | AP | ms a frame | bare network, ms | rest, ms |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as cache:
        for contestant in contestants(SHARED, Path(cache), asked.files):
            for each in footage:
                print_rows(contestant, each, times(contestant, footage[0].images) if each is footage[0] else " | | ")


def contestants(shared: Path, cache: Path, files: Sequence[Path]) -> list[Contestant]:
    networks = {SHIPPED: shipped_models()[SHIPPED]}
    for name in NETWORKS:
        file = next((SHARED / "data/weights").rglob(known_models()[name].files[0].urls[0].rpartition("/")[2]))
        networks[name] = fetch(name, cache, from_file=file)
    networks |= {file.stem: file for file in files}
    found = []
    for name, path in networks.items():
        session = load_session(path, provider=own_provider(path), threads=1)
        found.append(Contestant(name, NetworkDetector(session, NetworkParams(score=LEAST_SCORE)), SCORES, session))
    return [*found, Contestant("HOG, no weights", HogDetector(), (0.5, 0.7), None)]


def print_rows(contestant: Contestant, footage: Footage, spent: str) -> None:
    found = [contestant.detector.detect([image])[0] for image in footage.images]
    whole = quality(found, footage)
    for score in contestant.scores:
        kept = [Detections(one.boxes[one.scores >= score], one.scores[one.scores >= score]) for one in found]
        cut = quality(kept, footage)
        print(
            f"| {contestant.name} | {footage.name} | {score} | {cut.precision:.3f} | {cut.recall:.3f} | "
            f"{whole.average_precision:.3f} | {spent} |"
        )


def times(contestant: Contestant, images: list[NDArray[np.uint8]]) -> str:
    """Median milliseconds of the detector, of its bare network, and the difference, as cells of the table."""
    session = contestant.session
    if session is None:
        return f"{median_ms([lambda: contestant.detector.detect(images[:1])])[0]:.1f} | | "
    spec = session.card.inputs[0]
    ready = np.full([size or 1 for size in spec.shape], 114, spec.dtype)
    whole, bare = median_ms([lambda: contestant.detector.detect(images[:1]), lambda: session.run({spec.name: ready})])
    return f"{whole:.2f} | {bare:.2f} | {whole - bare:.2f}"


def median_ms(ways: list[Callable[[], object]], rounds: int = 40) -> list[float]:
    """Of each way, which take turns."""
    spent_s = np.empty((rounds, len(ways)))
    for row in spent_s:
        for index, way in enumerate(ways):
            start_s = time.perf_counter()
            way()
            row[index] = time.perf_counter() - start_s
    return [float(value) * 1000 for value in np.median(spent_s, axis=0)]


if __name__ == "__main__":
    main()
