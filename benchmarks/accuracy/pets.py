"""What limits identities on real footage: PETS2009 S2.L1, one part of the pipeline changed at a time.

    python -m benchmarks.accuracy.pets
    python -m benchmarks.accuracy.pets threshold     # only the persons, of variants whose names hold this

The videos lie in `data/multicam/pets2009_s2l1` of the folder PASSERBY_SHARED (by default ../shared); the networks are
fetched from there. First the tracks of view 1 by detector, from the whole image to true boxes; then the persons over
both views by encoder and by what the policy knows, with decisions corrected later and not. Truth is known of the first
269 frames. Detections are made once; takes about 12 minutes on two cores.
"""

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.speed.pipeline_parts import FRAME_RATE, pets, supervise, video_of
from detectors.detections import Detections
from detectors.detector import Detector
from detectors.network_detector import NetworkDetector
from detectors.tiling import TilingDetector, TilingParams
from passerby_events.recordings import read_events
from passerby_events.reducing import fold
from pipeline.build import CameraStages, Stages, build_encoder, build_tracker
from pipeline.config import ColourStripesConfig, NetworkConfig, PipelineConfig
from pipeline.evaluation.evaluate import FootAgreement, SeenByBoxes, SeenByFeet, foot_agreement
from pipeline.evaluation.scoring import Scores, compare_boxes, score
from pipeline.matching.adaptation import AdaptParams
from pipeline.matching.policy import MatchParams
from pipeline.model_zoo import find_artefact
from pipeline.output.mot_files import MotTracks, MotTruth, read_feet, read_tracks, read_truth, tracks_path
from pipeline.records import Frame
from pipeline.site import Site
from pipeline.sources.files import FileSource
from pipeline.sources.pacing import Chunks
from reid_runtime.load import load_session
from testing.paths import SHARED
from trackers.bytetrack import ByteTrack
from trackers.ocsort import OcSort
from trackers.tracker import Tracker

FOLDER = SHARED / "data/multicam/pets2009_s2l1"
LAST_FRAME = 269
TILES = TilingParams(3, 2)
VIEWS = ("camera0", "camera1")
THRESHOLDS = (0.55, 0.6, 0.7, 0.75)


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """A video, decoded once, and what was found in each frame."""

    frames: Sequence[Frame]
    detections: Sequence[Detections]

    def __iter__(self) -> Iterator[Frame]:
        return iter(self.frames)

    def close(self) -> None:
        """Nothing is open."""


class Replay:
    """Gives back what was found before, by the identity of the image. A `Detector`."""

    def __init__(self, videos: Iterable[Recorded]) -> None:
        self._found = {
            id(frame.image): found
            for video in videos
            for frame, found in zip(video.frames, video.detections, strict=True)
        }

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        return [self._found[id(image)] for image in images]


def main(only: str = "") -> None:
    console = Console(highlight=False)
    network = NetworkDetector(load_session(find_artefact("yolox-nano"), provider="cpu", threads=1))
    videos = {
        camera.name: list(FileSource(camera.name, video_of(camera), frame_rate=FRAME_RATE))
        for camera in pets(2).cameras
    }
    truth = read_truth(FOLDER / "gt/gt_view001_frames1-269.txt", last_frame=LAST_FRAME)
    if not only:
        console.print(_tracking(network, videos[VIEWS[0]][:LAST_FRAME], truth))
    tile_detector = TilingDetector(network, TILES)
    recorded = {name: Recorded(frames, _found(tile_detector, frames)) for name, frames in videos.items()}
    console.print(_identities(recorded, truth, only))


def _tracking(network: Detector, frames: Sequence[Frame], truth: MotTruth) -> Table:
    """Tracks of view 1 by what the tracker is given."""
    given = {
        "YOLOX-nano, whole image": _found(network, frames),
        "YOLOX-nano, 2x2 parts": _found(TilingDetector(network, TilingParams(2, 2)), frames),
        "YOLOX-nano, 3x2 parts": _found(TilingDetector(network, TILES), frames),
        "true boxes": [_true_boxes(truth, frame.index + 1) for frame in frames],
    }
    table = Table("detections", "tracker", "HOTA", "DetA", "AssA", "IDF1", "MOTA", "switches", title="view 1, tracks")
    for name, detections in given.items():
        for tracker in (ByteTrack(), OcSort()):
            scores = score(compare_boxes(truth, _track(tracker, frames, detections)))
            table.add_row(name, type(tracker).__name__, *_cells(scores))
    return table


def _identities(videos: Mapping[str, Recorded], truth: MotTruth, only: str) -> Table:
    """Persons over both views, by encoder and policy."""
    site = Site(name="pets2009", overlaps=(VIEWS,))
    usual = pets(2).model_copy(update={"site": site})
    osnet = NetworkConfig(model="osnet-x0-25-msmt17")
    variants: dict[str, tuple[NetworkConfig | ColourStripesConfig, PipelineConfig]] = {
        "osnet, threshold 0.65": (osnet, usual),
        "intel 0248": (NetworkConfig(model="intel-0248"), usual),
        "colour-stripes": (ColourStripesConfig(kind="colour-stripes"), usual),
        "osnet, one crop a tracklet": (osnet.model_copy(update={"frames": 1}), usual),
        "osnet, nothing extra within a camera": (osnet, _with(usual, params=MatchParams(same_camera_extra=0.0))),
        "osnet, no deferral_band": (osnet, _with(usual, params=MatchParams(deferral_band=0.0))),
        "osnet, site unknown": (osnet, usual.model_copy(update={"site": Site(name="pets2009")})),
        **{f"osnet, threshold {t}": (osnet, _with(usual, params=MatchParams(t))) for t in THRESHOLDS},
        **{
            f"osnet, threshold {t}, not adapted": (osnet, _with(usual, params=MatchParams(t), adaptation=None))
            for t in (0.65, *THRESHOLDS)
        },
    }
    heads = "variant", "decisions", "persons", "IDF1, both views", "view 1", "view 6", "one person in both boxes"
    table = Table(*heads, title="views 1 and 6, persons")
    for name, (encoder, config) in variants.items():
        if only not in name:
            continue
        for decisions, each in (("corrected", config), ("once", _with(config, merge_split=None))):
            agreement, persons = _run(each.model_copy(update={"encoder": encoder}), videos, truth)
            shares = agreement.idf1, agreement.idf1_boxes, agreement.idf1_feet
            both = f"{agreement.agreement:.1%} of {agreement.both_found}"
            table.add_row(name, decisions, str(persons), *(f"{share:.1%}" for share in shares), both)
    return table


def _with(config: PipelineConfig, **changes: MatchParams | AdaptParams | None) -> PipelineConfig:
    return config.model_copy(update={"matching": config.matching.model_copy(update=changes)})


def _run(config: PipelineConfig, videos: Mapping[str, Recorded], truth: MotTruth) -> tuple[FootAgreement, int]:
    """One run of the pipeline behind the detector: how well the views agree, and how many persons it saw."""
    replay = Replay(videos.values())
    cameras = {name: CameraStages(Chunks(video), replay, build_tracker(config)) for name, video in videos.items()}
    stages = Stages(cameras, build_encoder(config.encoder, config.compute))
    with tempfile.TemporaryDirectory() as out, ExitStack() as owned:
        folder = Path(out)
        supervise(config, stages, owned, folder).run()
        owned.close()
        events = list(read_events(folder / "events.jsonl"))
        boxes, feet = (read_tracks(tracks_path(folder, view)) for view in VIEWS)
    known = read_feet(FOLDER / "gt/derived_feet_view006_frames1-269.csv")
    agreement = foot_agreement(events, SeenByBoxes(VIEWS[0], boxes, truth), SeenByFeet(VIEWS[1], feet, known))
    return agreement, len(set(fold(events).persons_by_track.values()))


def _found(detector: Detector, frames: Sequence[Frame]) -> list[Detections]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda frame: detector.detect([frame.image])[0], frames))


def _true_boxes(truth: MotTruth, frame: int) -> Detections:
    rows = (truth.frames == frame) & truth.evaluated
    return Detections(truth.boxes[rows], np.full(int(rows.sum()), 0.9, np.float32))


def _track(tracker: Tracker, frames: Sequence[Frame], detections: Sequence[Detections]) -> MotTracks:
    seen = [tracker.update(found, frame.time_s) for frame, found in zip(frames, detections, strict=True)]
    return MotTracks(
        frames=np.concatenate([np.full(len(tracks), i + 1, np.int64) for i, tracks in enumerate(seen)]),
        ids=np.concatenate([tracks.ids for tracks in seen]),
        boxes=np.concatenate([tracks.boxes for tracks in seen]),
        scores=np.concatenate([tracks.scores for tracks in seen]),
    )


def _cells(scores: Scores) -> list[str]:
    shares = scores.hota, scores.det_a, scores.ass_a, scores.idf1, scores.mota
    return [*(f"{share:.1%}" for share in shares), str(scores.switches)]


if __name__ == "__main__":
    main(*sys.argv[1:2])
