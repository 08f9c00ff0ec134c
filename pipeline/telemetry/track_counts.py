"""What became of the tracks of each camera, by what was counted: told when a run or a worker has ended."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from prometheus_client.samples import Sample

from pipeline.output.causes import share_causes, sum_causes
from pipeline.telemetry.logs import of_camera
from pipeline.tracking.gate import GOOD_VERDICTS

logger = logging.getLogger(__name__)

NEAR = 0.1
"""In cosine: a limit of a bucket of `reid_rejected_excess`."""


@dataclass(frozen=True, slots=True)
class TrackCounts:
    """Of one camera.

    Attributes:
        frames: that were looked at.
        seen: tracks that began.
        encoded: tracks of which there is an embedding.
        not_encoded: the others that ended, by reason, as `reid_tracks_not_encoded_total` has them.
        boxes: of tracks, by what the gate said of them.
        dropped: frames that were not looked at.
        near_misses: tracks that missed the threshold of the likeliest person by less than `NEAR`.
    """

    frames: int = 0
    seen: int = 0
    encoded: int = 0
    not_encoded: Mapping[str, int] = field(default_factory=dict)
    boxes: Mapping[str, int] = field(default_factory=dict)
    dropped: int = 0
    near_misses: int = 0

    @property
    def poor_boxes(self) -> dict[str, int]:
        """Those that something speaks against, by what it is."""
        return {verdict: count for verdict, count in self.boxes.items() if verdict not in GOOD_VERDICTS}

    @property
    def poor_share(self) -> str:
        """In words, as `share_causes` has them."""
        return share_causes(self.poor_boxes, sum(self.boxes.values()))


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
        not_encoded=_by(samples, "reid_tracks_not_encoded_total", "reason"),
        boxes=_by(samples, "reid_gate_verdicts_total", "verdict"),
        dropped=sum(_by(samples, "reid_frames_dropped_total", "cause").values()),
        near_misses=_near_misses(_by(samples, "reid_rejected_excess_bucket", "le")),
    )


def _by(samples: Sequence[Sample], name: str, label: str) -> dict[str, int]:
    """The counts of one name that are not 0, by one of its labels."""
    return {s.labels[label]: int(s.value) for s in samples if s.name == name and s.value}


def _near_misses(up_to: Mapping[str, int]) -> int:
    """Of the buckets of a histogram, each with those below it: what lies between `-NEAR` and 0."""
    return up_to.get("0.0", 0) - up_to.get(str(-NEAR), 0)


def _describe(counts: TrackCounts) -> str:
    return (
        f"{counts.frames:,} frames; {counts.seen:,} tracks: {counts.encoded:,} encoded, "
        f"{sum_causes(counts.not_encoded)} not encoded; poor boxes: {counts.poor_share}"
    )
