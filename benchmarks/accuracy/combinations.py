"""Every detector with every encoder, on real footage and on the demo's: what the defaults are chosen by.

    python -m benchmarks.accuracy.combinations --demo demo [--only pets one-by-one] [--detectors ...] [--encoders ...]

DEMO is what `reid-pipeline demo` wrote. The networks are those of `reid-pipeline fetch`; footage and truth are those of
the folder PASSERBY_SHARED (by default ../shared). Everything but detector and encoder is as a run has it that is told
nothing. Where there is truth: IDF1 of persons over all cameras, and of PETS how often both boxes of a person-frame
carry one person; elsewhere what can be counted: tracks, those with a name, persons, and persons in two cameras. Of long
videos every second frame is looked at. Detections are made once for each detector; takes about half an hour.
"""

import argparse
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import SecretStr

from benchmarks.speed.pipeline_parts import supervise
from detectors.detections import Detections
from detectors.detector import Detector
from detectors.network_detector import NetworkDetector
from detectors.tiling import TilingDetector, TilingParams
from passerby_events.recordings import read_events
from passerby_events.reducing import fold
from passerby_events.schema import IdentityEvent
from pipeline.build import CameraStages, Stages, build_encoder, build_tracker
from pipeline.config import CameraConfig, ComputeConfig, NetworkConfig, PipelineConfig
from pipeline.config_files import load_config
from pipeline.evaluation.evaluate import SeenByBoxes, SeenByFeet, evaluate, foot_agreement
from pipeline.model_zoo import find_artefact
from pipeline.output.mot_files import MotTracks, read_feet, read_tracks, read_truth, tracks_path
from pipeline.records import Frame
from pipeline.scheduling.threads import keep_to_one_thread
from pipeline.site import Site
from pipeline.sources.files import FileSource
from pipeline.sources.pacing import Chunks
from reid_runtime.load import load_session, own_provider
from testing.paths import SHARED

DATA = SHARED / "data"
PETS = DATA / "multicam/pets2009_s2l1"
LAST_FRAME = 269
"""Of PETS, with truth."""
DETECTORS = (
    "yolox-nano",
    "yolox-nano 2x2",
    "yolox-nano 3x2",
    "person-detection-retail-0013",
    "person-detection-retail-0013 2x2",
    "passerby-detector",
)
ENCODERS = (
    "osnet-x0-25-msmt17",
    "person-reidentification-retail-0277",
    "person-reidentification-retail-0288",
    "passerby-encoder",
)
KEPT = 64
"""Images whose detections are at hand: more than wait anywhere in a run."""


@dataclass(frozen=True, slots=True)
class Footage:
    """
    Attributes:
        config: cameras and site.
        frames: of each video, at most.
        stride: frames from one that is looked at to the next.
        demo: folder with the truth of all cameras; None: not the demo.
    """

    config: PipelineConfig
    frames: int = 10**9
    stride: int = 1
    demo: Path | None = None


@dataclass(slots=True, eq=False)
class Replay:
    """What was found before, by the image; of one camera, whose source alone puts it there. A `Detector`."""

    found: dict[int, tuple[NDArray[np.uint8], Detections]] = field(default_factory=dict)

    def put(self, image: NDArray[np.uint8], found: Detections) -> None:
        self.found[id(image)] = image, found
        while len(self.found) > KEPT:
            del self.found[next(iter(self.found))]

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        return [self.found[id(image)][1] for image in images]


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """A video, decoded again, whose detections are known. A `FrameSource`."""

    footage: Footage
    camera: CameraConfig
    found: Sequence[Detections]
    replay: Replay

    def __iter__(self) -> Iterator[Frame]:
        for frame, found in zip(looked_at(self.footage, self.camera), self.found, strict=True):
            self.replay.put(frame.image, found)
            yield frame

    def close(self) -> None:
        """Nothing is open."""


def main(argv: Sequence[str]) -> int:
    asked = _parsed(argv)
    keep_to_one_thread()
    footage = {name: each for name, each in sets(asked.demo).items() if not asked.only or name in asked.only}
    for name, each in footage.items():
        print(f"\n{name}\n\n| detector | encoder | {' | '.join(heads(name))} |\n|---|---|{'--:|' * len(heads(name))}")
        for chosen in asked.detectors:
            if " " in chosen and name != "pets":
                continue
            found = {camera.name: _found(chosen, each, camera) for camera in each.config.cameras}
            for encoder in asked.encoders:
                cells = _run(name, each, found, encoder)
                print(f"| {chosen} | {encoder} | {' | '.join(cells)} |", flush=True)
    return 0


def sets(demo: Path | None) -> dict[str, Footage]:
    """All footage, by name."""
    caesar = DATA / "multicam/caesar_edge"
    found = {
        "pets": Footage(
            _config(
                {"view1": PETS / "View_001.mp4", "view6": PETS / "View_006.mp4"},
                Site(name="pets2009", overlaps=(("view1", "view6"),)),
                frame_rate=7.0,
            ),
            frames=LAST_FRAME,
        ),
        "one-by-one": Footage(_config({"hall": DATA / "video/intel/one-by-one-person-detection.mp4"}), stride=2),
        "caesar": Footage(_config({"cam1": caesar / "cam1.mp4", "cam2": caesar / "cam2.mp4"}), stride=2),
        "street": Footage(_config({"street": DATA / "video/omz_street/video.avi"})),
    }
    if demo is not None:
        found["demo"] = Footage(load_config(demo / "pipeline.yaml"), demo=demo)
    return found


def heads(name: str) -> tuple[str, ...]:
    """Columns of the table of a set."""
    if name == "pets":
        return "IDF1, both views", "one person in both boxes", "IDF1 of tracks, view 1", "persons"
    if name == "demo":
        return "IDF1", "HOTA", "persons"
    return "tracks", "with a name", "persons", "of them in two cameras"


def looked_at(footage: Footage, camera: CameraConfig) -> Iterator[Frame]:
    """The frames of a video that count."""
    at = camera.starts_at
    source = FileSource(
        camera.name,
        Path(camera.source.get_secret_value()),
        frame_rate=camera.frame_rate,
        starts_at_s=0.0 if at is None else at.timestamp(),
    )
    return (frame for frame in islice(source, footage.frames) if frame.index % footage.stride == 0)


def _config(videos: Mapping[str, Path], site: Site | None = None, frame_rate: float | None = None) -> PipelineConfig:
    cameras = tuple(
        CameraConfig(name=name, source=SecretStr(str(video)), frame_rate=frame_rate) for name, video in videos.items()
    )
    return PipelineConfig(cameras=cameras, site=site or Site(name="footage"))


def _found(chosen: str, footage: Footage, camera: CameraConfig) -> list[Detections]:
    name, _, tiles = chosen.partition(" ")
    path = find_artefact(name)
    detector: Detector = NetworkDetector(load_session(path, provider=own_provider(path), threads=1))
    if tiles:
        columns, rows = map(int, tiles.split("x"))
        detector = TilingDetector(detector, TilingParams(columns, rows))
    return [detector.detect([frame.image])[0] for frame in looked_at(footage, camera)]


def _run(name: str, footage: Footage, found: Mapping[str, Sequence[Detections]], encoder: str) -> tuple[str, ...]:
    """One run behind the detector."""
    provider = own_provider(find_artefact(encoder))
    config = footage.config.model_copy(
        update={"encoder": NetworkConfig(model=encoder), "compute": ComputeConfig(provider=provider)}
    )
    cameras = {}
    for camera in config.cameras:
        replay = Replay()
        source = Chunks(Played(footage, camera, found[camera.name], replay))
        cameras[camera.name] = CameraStages(source, replay, build_tracker(config))
    stages = Stages(cameras, build_encoder(config.encoder, config.compute))
    with tempfile.TemporaryDirectory() as out, ExitStack() as owned:
        folder = Path(out)
        supervise(config, stages, owned, folder).run()
        owned.close()
        events = list(read_events(folder / "events.jsonl"))
        tracks = {camera: read_tracks(tracks_path(folder, camera)) for camera in cameras}
    return _cells(name, footage, events, tracks)


def _cells(
    name: str, footage: Footage, events: Sequence[IdentityEvent], tracks: Mapping[str, MotTracks]
) -> tuple[str, ...]:
    persons_by_track = fold(events).persons_by_track
    persons = len(set(persons_by_track.values()))
    if name == "pets":
        truth = read_truth(PETS / "gt/gt_view001_frames1-269.txt", last_frame=LAST_FRAME)
        known = read_feet(PETS / "gt/derived_feet_view006_frames1-269.csv")
        seen = SeenByBoxes("view1", tracks["view1"], truth), SeenByFeet("view6", tracks["view6"], known)
        both = foot_agreement(events, *seen)
        alone = evaluate(events, {"view1": tracks["view1"]}, {"view1": truth}, scores_pairs=False)
        own = alone.by_camera["view1"].tracks.idf1
        return f"{both.idf1:.1%}", f"{both.agreement:.1%} of {both.both_found}", f"{own:.1%}", str(persons)
    if footage.demo is not None:
        truths = {camera: read_truth(footage.demo / "truth" / f"{camera}.txt") for camera in tracks}
        across = evaluate(events, dict(tracks), truths, scores_pairs=False).across
        return f"{across.idf1:.1%}", f"{across.hota:.1%}", str(persons)
    cameras = defaultdict(set)
    for track, person in persons_by_track.items():
        cameras[person].add(track.camera)
    several = Counter(len(each) for each in cameras.values())[2]
    count = sum(len(set(each.ids.tolist())) for each in tracks.values())
    return str(count), str(len(persons_by_track)), str(persons), str(several)


def _parsed(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy.combinations", description=__doc__)
    parser.add_argument("--demo", type=Path, help="what `reid-pipeline demo` wrote")
    parser.add_argument("--only", nargs="+", help="of the sets: pets, one-by-one, caesar, street, demo")
    parser.add_argument("--detectors", nargs="+", default=list(DETECTORS), help="name, or 'name 2x2' with tiles")
    parser.add_argument("--encoders", nargs="+", default=list(ENCODERS))
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
