"""The same people filmed otherwise are the same people: darker, flatter, noisier, larger, at fewer frames a second.

Two views of PETS2009, with the defaults of a run. People are looked for once, in the footage as it is, and their boxes
go with the changed images: what is tested is the gate and all behind it. The last test darkens the room for
the detector too.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.network_detector import NetworkDetector
from passerby_events.recordings import read_events
from passerby_events.reducing import fold
from pipeline.cli import main
from pipeline.config import CameraConfig, NetworkConfig, PipelineConfig
from pipeline.evaluation.evaluate import evaluate
from pipeline.model_zoo import fetch
from pipeline.output.mot_files import MotTruth
from pipeline.site import Site
from pipeline.sources.files import FileSource
from reid_runtime.load import load_session
from testing.replayed import Change, Found, Outcome, Replayed, run_replayed

pytestmark = [pytest.mark.shared, pytest.mark.slow]

FRAMES, RATE = 150, 7.0
DIM_FRAMES = 80
VIDEOS = {"view1": "View_001.mp4", "view6": "View_006.mp4"}


def noisy(image: NDArray[np.uint8], deviation: float) -> NDArray[np.uint8]:
    noise = np.zeros(image.shape, np.int16)
    cv2.randn(noise, np.zeros(3), np.full(3, deviation))
    return cv2.add(image, noise, dtype=cv2.CV_8U).astype(np.uint8)


def darker(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A fifth of the light, and what a sensor adds in the dark."""
    return noisy((image * 0.2).astype(np.uint8), 2)


def flatter(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (image * 0.3 + 90).astype(np.uint8)


def noisier(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return noisy(image, 8)


def half(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.uint8)


def twice(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return cv2.resize(image, None, fx=2, fy=2).astype(np.uint8)


def recompressed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 30])
    decoded = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded.astype(np.uint8)


def unchanged(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return image


@pytest.fixture(scope="module")
def networks(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    cache, weights = tmp_path_factory.mktemp("models"), shared / "data" / "weights"
    files = {
        "yolox-nano": "detectors/yolox_nano_416x416.onnx",
        "osnet-x0-25-msmt17": "reid/osnet_x0_25_msmt17.onnx",
    }
    return {name: fetch(name, cache, from_file=weights / file) for name, file in files.items()}


@pytest.fixture(scope="module")
def found(shared: Path, networks: Mapping[str, Path]) -> dict[str, Found]:
    detector = NetworkDetector(load_session(networks["yolox-nano"], provider="cpu", threads=1))
    folder = shared / "data" / "multicam" / "pets2009_s2l1"
    videos = {
        name: list(islice(FileSource(name, folder / file, frame_rate=RATE), FRAMES)) for name, file in VIDEOS.items()
    }
    return {
        name: Found(frames, [detector.detect([frame.image])[0] for frame in frames]) for name, frames in videos.items()
    }


@pytest.fixture(scope="module")
def config(shared: Path, networks: Mapping[str, Path]) -> PipelineConfig:
    folder = shared / "data" / "multicam" / "pets2009_s2l1"
    return PipelineConfig(
        cameras=tuple(CameraConfig(name=name, source=str(folder / file)) for name, file in VIDEOS.items()),
        encoder=NetworkConfig(model=str(networks["osnet-x0-25-msmt17"])),
        site=Site(name="pets2009", overlaps=(tuple(VIDEOS),)),
    )


@pytest.fixture(scope="module")
def usual(config: PipelineConfig, found: Mapping[str, Found], tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_replayed(
        config, {name: Replayed(each) for name, each in found.items()}, tmp_path_factory.mktemp("usual")
    )


def as_truth(outcome: Outcome, every: int) -> dict[str, MotTruth]:
    """Who a run said is where, in one frame of so many, as what another is held to."""
    persons = fold(outcome.events).persons_by_track
    number = {person: i for i, person in enumerate(dict.fromkeys(persons.values()))}
    truth = {}
    for camera, tracks in outcome.tracks.items():
        of_track = {key.track: number[person] for key, person in persons.items() if key.camera == camera}
        rows = np.isin(tracks.ids, list(of_track)) & ((tracks.frames - 1) % every == 0)
        ids = np.array([of_track[track] for track in tracks.ids[rows].tolist()], np.int64)
        frames, none = tracks.frames[rows], np.zeros(len(ids), np.bool_)
        truth[camera] = MotTruth(frames, ids, tracks.boxes[rows], ~none, none, FRAMES)
    return truth


def named_share(outcome: Outcome) -> float:
    """Of all boxes of tracks, those with a name."""
    persons = fold(outcome.events).persons_by_track
    named = [
        np.isin(tracks.ids, [key.track for key in persons if key.camera == camera])
        for camera, tracks in outcome.tracks.items()
    ]
    return float(np.concatenate(named).mean())


@pytest.mark.parametrize(
    ("change", "scale", "every", "fewer_named", "least_agreement"),
    [
        pytest.param(darker, 1.0, 1, 0.02, 0.95, id="darker"),
        pytest.param(flatter, 1.0, 1, 0.02, 0.95, id="flatter"),
        pytest.param(noisier, 1.0, 1, 0.02, 0.95, id="noisier"),
        pytest.param(recompressed, 1.0, 1, 0.02, 0.95, id="recompressed"),
        pytest.param(half, 0.5, 1, 0.06, 0.87, id="half the size, where many are 30 px high"),
        pytest.param(twice, 2.0, 1, 0.02, 0.95, id="twice the size"),
        pytest.param(unchanged, 1.0, 2, 0.02, 0.77, id="half the frame rate, at which trackers cut other tracks"),
    ],
)
def test_the_same_people_filmed_otherwise_are_named_and_joined_as_before(
    change: Change,
    scale: float,
    every: int,
    fewer_named: float,
    least_agreement: float,
    config: PipelineConfig,
    found: Mapping[str, Found],
    usual: Outcome,
    tmp_path: Path,
) -> None:
    cameras = {name: Replayed(each, change, scale=scale, every=every) for name, each in found.items()}
    outcome = run_replayed(config, cameras, tmp_path)
    tracks = {name: replace(each, boxes=each.boxes / np.float32(scale)) for name, each in outcome.tracks.items()}
    agreement = evaluate(outcome.events, tracks, as_truth(usual, every), scores_pairs=False).across.idf1
    assert named_share(outcome) >= named_share(usual) - fewer_named
    assert agreement >= least_agreement


def test_a_run_in_a_dim_room_names_and_joins_as_many_as_in_a_bright_one(
    found: Mapping[str, Found],
    networks: Mapping[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Everything as a user has it, the detector included."""
    monkeypatch.setenv("PASSERBY_MODELS", str(networks["yolox-nano"].parent))
    runs = {}
    for light, change in {"bright": unchanged, "dim": darker}.items():
        videos = {name: write_video(each, change, tmp_path / f"{light}-{name}.mp4") for name, each in found.items()}
        cameras = [word for name, video in videos.items() for word in ("--camera", f"{name}={video}")]
        assert main(["run", *cameras, "--frame-rate", str(RATE), "--out", str(tmp_path / light)]) == 0
        runs[light] = tuple(named_and_joined(tmp_path / light))
    (bright, joined), (dim, joined_in_the_dark) = runs["bright"], runs["dim"]
    assert dim >= 0.85 * bright
    assert joined_in_the_dark >= joined - 1


def write_video(found: Found, change: Change, target: Path) -> Path:
    with av.open(str(target), "w") as video:
        height, width = found.frames[0].image.shape[:2]
        stream = video.add_stream("libx264", rate=int(RATE), options={"preset": "ultrafast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in found.frames[:DIM_FRAMES]:
            video.mux(stream.encode(av.VideoFrame.from_ndarray(change(frame.image), format="rgb24")))
        video.mux(stream.encode(None))
    return target


def named_and_joined(out: Path) -> Iterator[int]:
    """Tracks with a name, and persons seen in both cameras."""
    persons = fold(read_events(out / "events.jsonl")).persons_by_track
    yield len(persons)
    cameras = {(person, key.camera) for key, person in persons.items()}
    yield sum(count == len(VIDEOS) for count in Counter(person for person, _ in cameras).values())
