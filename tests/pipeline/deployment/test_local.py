"""What a process built from a configuration tells of itself."""

from collections.abc import Iterator

import numpy as np
import pytest

from pipeline.build import build_encoder
from pipeline.config import PipelineConfig
from pipeline.deployment.local import Process
from pipeline.records import TrackKey, Tracklet
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics

CONFIG = PipelineConfig.model_validate(
    {
        "cameras": [{"name": "door", "source": "rtsp://192.0.2.1/1"}],
        "detector": {"kind": "hog"},
        "encoder": {"kind": "colour-stripes"},
    }
)


@pytest.fixture
def worker() -> Iterator[Process]:
    encoder, _ = build_encoder(CONFIG.encoder, CONFIG.compute)
    with Process(CONFIG, encoder, Metrics(), Health(), prefetches=False, emits_empty_windows=True) as process:
        yield process


def test_the_queue_before_the_encoder_is_counted_when_somebody_asks(worker: Process) -> None:
    def waiting() -> float | None:
        return worker.registry.get_sample_value("reid_tracklets_waiting")

    assert waiting() == 0
    worker._channel.lane("door").put([tracklet(1), tracklet(2)], [])  # noqa: SLF001 - cameras alone have the lane
    assert waiting() == 2


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
