"""What a process built from a configuration tells of itself, and which of its cameras fail."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from passerby_events.tracks import TrackKey
from pipeline.build import Stages, build_stages
from pipeline.config import PipelineConfig
from pipeline.deployment.local import Process
from pipeline.records import EmbeddedWindow, Frame, Tracklet
from pipeline.sources.errors import ErrorCode, SourceError
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from testing import scene
from testing.site_in_memory import block_stages

CONFIG = PipelineConfig.model_validate(
    {
        "cameras": [{"name": "door", "source": "rtsp://192.0.2.1/1"}],
        "detector": {"kind": "hog"},
        "encoder": {"kind": "colour-stripes"},
    }
)


def test_the_queue_before_the_encoder_is_counted_when_somebody_asks() -> None:
    with ExitStack() as owned:
        worker = Process(CONFIG, build_stages(CONFIG, owned), Metrics(), Health())

    def waiting() -> float | None:
        return worker.registry.get_sample_value("reid_tracklets_waiting")

    assert waiting() == 0
    worker._channel.lane("door").put([tracklet(1), tracklet(2)], [])  # noqa: SLF001 - cameras alone have the lane
    assert waiting() == 2


class Faulty:
    """Frames of a grey wall at 10 frames a second, and then an error. A `ChunkSource`."""

    def __init__(self, camera: str, error: Exception) -> None:
        self._camera = camera
        self._error = error

    def __iter__(self) -> Iterator[list[Frame]]:
        for index in range(20):
            yield [Frame(self._camera, index, index / 10, "container", np.full((240, 320, 3), 128, np.uint8))]
        raise self._error

    def close(self) -> None:
        pass


def site_of(videos: Mapping[str, Path], error: Exception, **region: object) -> tuple[PipelineConfig, Stages]:
    """Videos of blocks, and a camera `hall` that gives two seconds and then an error."""
    named = [{"name": name, "source": str(path), **region} for name, path in {**videos, "hall": videos["door"]}.items()]
    config = PipelineConfig.model_validate({"cameras": named, "encoder": {"kind": "colour-stripes"}})
    stages = block_stages({**videos, "hall": videos["door"]}, most_frames=4)
    stages.cameras["hall"] = replace(stages.cameras["hall"], source=Faulty("hall", error))
    return config, stages


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    walks = {"door": [("red", 0.0, 5.0)], "yard": [("green", 1.0, 6.0)]}
    return scene.videos(tmp_path_factory.mktemp("videos"), walks, 8.0)


def test_a_camera_that_nobody_mends_by_waiting_fails_alone_and_says_so(
    videos: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    error = SourceError(ErrorCode.CODEC, "camera hall: no decoder for its video")
    config, stages = site_of(videos, error)
    health, metrics, windows = Health(), Metrics(), list[EmbeddedWindow]()
    failed = Process(config, stages, metrics, health).supervisor(windows.extend).run()
    assert failed == {"hall": error}
    assert health.cameras() == {"door": "ended", "yard": "ended", "hall": "failed"}
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("ERROR", "camera hall: no decoder for its video")
    ]
    count = metrics.registry.get_sample_value
    assert count("reid_source_errors_total", {"camera": "hall", "code": "codec"}) == 1
    assert count("reid_source_state", {"camera": "hall", "state": "failed"}) == 1
    frames = [count("reid_frames_total", {"camera": name}) for name in ("door", "yard", "hall")]
    assert frames == [80, 80, 20]
    assert {end.track.camera for window in windows for end in window.ended} == {"door", "yard"}


def test_what_nobody_expected_of_a_camera_stops_all(videos: dict[str, Path]) -> None:
    config, stages = site_of(videos, ValueError("an image of no size"))
    with pytest.raises(ValueError, match="an image of no size"):
        Process(config, stages, Metrics(), Health()).supervisor(list[EmbeddedWindow]().extend).run()


@pytest.mark.parametrize("region", [(0, 0, 321, 240), (0, 0, 320, 241), (400, 0, 500, 100)])
def test_a_region_that_does_not_lie_within_the_image_is_a_fault_of_that_camera_alone(
    videos: dict[str, Path], region: tuple[int, int, int, int]
) -> None:
    cameras = [
        {"name": "door", "source": str(videos["door"]), "region": region},
        {"name": "yard", "source": str(videos["yard"])},
    ]
    config = PipelineConfig.model_validate({"cameras": cameras, "encoder": {"kind": "colour-stripes"}})
    health, windows = Health(), list[EmbeddedWindow]()
    process = Process(config, block_stages(videos, most_frames=4), Metrics(), health)
    failed = process.supervisor(windows.extend).run()
    assert {name: error.code for name, error in failed.items()} == {"door": ErrorCode.REGION}
    assert str(failed["door"]) == (
        f"camera door: expected a region within its image of 320x240, found {list(region)}; mend it in the "
        "configuration"
    )
    assert health.cameras() == {"door": "failed", "yard": "ended"}
    assert {end.track.camera for window in windows for end in window.ended} == {"yard"}


def test_a_region_leaves_out_who_walks_beside_it_and_the_whole_image_is_a_region_too(videos: dict[str, Path]) -> None:
    def boxes(region: tuple[int, int, int, int] | None) -> dict[str, list[list[float]]]:
        named = [{"name": name, "source": str(path), "region": region} for name, path in both.items()]
        config = PipelineConfig.model_validate({"cameras": named, "encoder": {"kind": "colour-stripes"}})
        windows: list[EmbeddedWindow] = []
        stages = block_stages(both, most_frames=4)
        assert Process(config, stages, Metrics(), Health()).supervisor(windows.extend).run() == {}
        return {
            name: [e.box.tolist() for w in windows for e in w.embeddings if e.track.camera == name] for name in both
        }

    both = {name: videos[name] for name in ("door", "yard")}
    whole, left = boxes(None), boxes((0, 10, 160, 200))
    assert boxes((0, 0, 320, 240)) == whole
    for name in both:
        assert max(x2 for _, _, x2, _ in whole[name]) > 170
        assert 0 < max(x2 for _, _, x2, _ in left[name]) < 170


def tracklet(track: int) -> Tracklet:
    return Tracklet(
        track=TrackKey("door", "r", track),
        tracklet_index=0,
        start_s=0.0,
        cut_s=1.0,
        clock="receive",
        crops=np.zeros((1, 4, 2, 3), np.uint8),
        times_s=np.zeros(1),
        boxes=np.array([[0, 0, 2, 4]], np.float32),
        quality=np.ones(1, np.float32),
    )
