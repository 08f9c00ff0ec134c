"""What became of the tracks of each camera, by what was counted: told when a run or a worker has ended."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from prometheus_client.samples import Sample

from pipeline.output.causes import sum_causes
from pipeline.telemetry.logs import of_camera

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrackCounts:
    """Of one camera.

    Attributes:
        frames: that were looked at.
        seen: tracks that began.
        encoded: tracks of which there is an embedding.
        not_encoded: the others that ended, by reason, as `reid_tracks_not_encoded_total` has them.
    """

    frames: int = 0
    seen: int = 0
    encoded: int = 0
    not_encoded: Mapping[str, int] = field(default_factory=dict)


def count_tracks(registry: CollectorRegistry, cameras: Iterable[str]) -> dict[str, TrackCounts]:
    """The counts of each camera; once all has ended, `seen` is `encoded` and what is in `not_encoded` together."""
    samples = [sample for metric in registry.collect() for sample in metric.samples]
    return {camera: _of_camera([s for s in samples if s.labels.get("camera") == camera]) for camera in cameras}


def log_tracks(registry: CollectorRegistry, cameras: Iterable[str]) -> None:
    """Says it in a line for each camera."""
    for camera, counts in count_tracks(registry, cameras).items():
        logger.info("camera %s: %s", camera, _describe(counts), extra=of_camera(camera))


def _of_camera(samples: Sequence[Sample]) -> TrackCounts:
    count = {sample.name: int(sample.value) for sample in samples}
    return TrackCounts(
        frames=count.get("reid_frames_total", 0),
        seen=count.get("reid_tracks_ended_total", 0) + count.get("reid_tracks_open", 0),
        encoded=count.get("reid_tracks_encoded_total", 0),
        not_encoded={
            sample.labels["reason"]: int(sample.value)
            for sample in samples
            if sample.name == "reid_tracks_not_encoded_total" and sample.value
        },
    )


def _describe(counts: TrackCounts) -> str:
    return (
        f"{counts.frames:,} frames; {counts.seen:,} tracks: {counts.encoded:,} encoded, "
        f"{sum_causes(counts.not_encoded)} not encoded"
    )
