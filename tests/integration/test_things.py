"""A thing that the detector takes for a person, in real footage: a place of a campus where nobody walks, in noise and
changing light, found again and again with a box that trembles."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from detectors.detections import Detections
from pipeline.config import CameraConfig, ColourStripesConfig, PipelineConfig
from pipeline.sources.files import FileSource
from pipeline.tracking.tracklets import TrackletParams
from testing.replayed import Found, Outcome, Replayed, run_replayed

pytestmark = pytest.mark.shared

FRAMES, RATE = 140, 7.0
THING = np.array([20, 250, 60, 350], np.float32)
VIDEO = "data/multicam/pets2009_s2l1/View_001.mp4"


@pytest.fixture(scope="module")
def found(shared: Path) -> Found:
    frames = list(islice(FileSource("door", shared / VIDEO, frame_rate=RATE), FRAMES))
    rng = np.random.default_rng(0)
    boxes = [THING + rng.normal(0, 1.5, 4).astype(np.float32) for _ in frames]
    scores = rng.uniform(0.6, 0.75, FRAMES).astype(np.float32)
    return Found(frames, [Detections(box[None], score[None]) for box, score in zip(boxes, scores, strict=True)])


def run(found: Found, shared: Path, folder: Path, ignore: Sequence[Sequence[int]] = (), after_s: float = 10) -> Outcome:
    mask = (tuple((x, y) for x, y in ignore),) if ignore else ()
    config = PipelineConfig(
        cameras=(CameraConfig(name="door", source=str(shared / VIDEO), ignore=mask),),
        encoder=ColourStripesConfig(kind="colour-stripes"),
        tracklets=TrackletParams(still_after_s=after_s),
    )
    return run_replayed(config, {"door": Replayed(found)}, folder)


def test_a_thing_is_followed_and_is_nobody_and_the_log_names_the_mask(
    found: Found, shared: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = run(found, shared, tmp_path)
    assert len(outcome.tracks["door"]) > 100
    assert outcome.events == []
    (line,) = [message for message in caplog.messages if "is nobody" in message]
    assert "camera door: a box at [" in line
    assert "`ignore: [[[" in line


def test_without_that_it_would_be_somebody(found: Found, shared: Path, tmp_path: Path) -> None:
    assert run(found, shared, tmp_path, after_s=0).events != []


def test_in_a_mask_it_is_not_even_followed(found: Found, shared: Path, tmp_path: Path) -> None:
    outcome = run(found, shared, tmp_path, ignore=[[15, 240], [65, 240], [65, 360], [15, 360]])
    assert (len(outcome.tracks["door"]), outcome.events) == (0, [])


def test_once_it_is_carried_away_somebody_carries_it(found: Found, shared: Path, tmp_path: Path) -> None:
    """What was a thing and moves is a person from then on."""
    ways = (np.array([6 * max(0, i - 100), 0] * 2, np.float32) for i in range(FRAMES))
    moves = [Detections(each.boxes + way, each.scores) for each, way in zip(found.detections, ways, strict=True)]
    outcome = run(Found(found.frames, moves), shared, tmp_path)
    assert {event.kind for event in outcome.events} == {"person.appeared", "track.ended"}
