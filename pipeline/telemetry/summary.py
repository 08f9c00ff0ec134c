"""How a process is, in a few figures of each camera: what the view shows, out of what is counted."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.samples import Sample
from pydantic import BaseModel, ConfigDict, Field

from pipeline.telemetry.health import Health

_BY_CAMERA = {
    "reid_frames_total": "frames",
    "reid_tracks_open": "tracks_open",
    "reid_tracks_ended_total": "tracks_ended",
    "reid_tracks_encoded_total": "tracks_encoded",
    "reid_camera_behind_seconds": "behind_s",
}
_BY_CAUSE = {
    "reid_frames_dropped_total": ("dropped", "cause"),
    "reid_gate_verdicts_total": ("gate", "verdict"),
    "reid_tracks_not_encoded_total": ("not_encoded", "reason"),
    "reid_source_errors_total": ("errors", "code"),
    "reid_match_outcomes_total": ("outcomes", "outcome"),
}
_OF_ALL = {
    "reid_tracklets_waiting": "tracklets_waiting",
    "reid_stream_entries": "messages_waiting",
    "reid_outbox_entries": "events_waiting",
    "reid_dead_letters_total": "dead_letters",
    "reid_store_losses_total": "store_losses",
    "reid_matcher_leading": "leading",
}
_LATENCIES = {
    "reid_detect_seconds": "detect",
    "reid_encode_seconds": "encode",
    "reid_match_seconds": "match",
    "reid_decision_delay_seconds": "delay",
}


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class CameraStatus(_Lenient):
    """Of one camera.

    Attributes:
        state: of its source, as in `reid_source_state`; empty where the process only decides.
        since_s: when it came into that state, seconds since the epoch.
        counts: frames, tracks and others, since the start.
        causes: dropped frames, gate verdicts, tracks not encoded, errors and outcomes, by cause, since the start.
    """

    state: str = ""
    since_s: float | None = None
    counts: dict[str, float] = Field(default_factory=dict)
    causes: dict[str, dict[str, int]] = Field(default_factory=dict)


class ProcessStatus(_Lenient):
    """Of one process.

    Attributes:
        at_s: when it said so.
        is_alive: whether its loop turns.
        cameras: by name.
        totals: queues and others, of the process.
        latencies_s: mean of each, seconds, since the start; with `_count` behind the name how many there were.
    """

    at_s: float
    is_alive: bool
    cameras: dict[str, CameraStatus]
    totals: dict[str, float]
    latencies_s: dict[str, float]


class StatusReader:
    """Reads how this process is, again and again: it remembers since when a camera is in its state.

    Args:
        health: of the process.
        registry: what it counts.
    """

    def __init__(self, health: Health, registry: CollectorRegistry, clock: Callable[[], float] = time.time) -> None:
        self._health = health
        self._registry = registry
        self._clock = clock
        self._since: dict[str, tuple[str, float]] = {}

    def read(self) -> ProcessStatus:
        now_s = self._clock()
        samples = [sample for metric in self._registry.collect() for sample in metric.samples]
        counts, causes = _by_camera(samples)
        states = self._health.cameras()
        for camera, state in states.items():
            if self._since.get(camera, ("", 0.0))[0] != state:
                self._since[camera] = state, now_s
        cameras = {
            camera: CameraStatus(
                state=states.get(camera, ""),
                since_s=self._since[camera][1] if camera in self._since else None,
                counts=counts[camera],
                causes=causes[camera],
            )
            for camera in sorted({*states, *counts, *causes})
        }
        return ProcessStatus(
            at_s=now_s,
            is_alive=self._health.is_alive(),
            cameras=cameras,
            totals={_OF_ALL[s.name]: s.value for s in samples if s.name in _OF_ALL},
            latencies_s=_latencies(samples),
        )


def _by_camera(
    samples: Iterable[Sample],
) -> tuple[defaultdict[str, dict[str, float]], defaultdict[str, dict[str, dict[str, int]]]]:
    counts: defaultdict[str, dict[str, float]] = defaultdict(dict)
    causes: defaultdict[str, dict[str, dict[str, int]]] = defaultdict(dict)
    for sample in samples:
        camera = sample.labels.get("camera")
        if camera is None:
            continue
        if name := _BY_CAMERA.get(sample.name):
            counts[camera][name] = sample.value
        elif sample.name in _BY_CAUSE and sample.value:
            name, label = _BY_CAUSE[sample.name]
            causes[camera].setdefault(name, {})[sample.labels[label]] = int(sample.value)
    return counts, causes


def _latencies(samples: Iterable[Sample]) -> dict[str, float]:
    sums: defaultdict[str, float] = defaultdict(float)
    counts: defaultdict[str, float] = defaultdict(float)
    for sample in samples:
        for name, short in _LATENCIES.items():
            if sample.name == f"{name}_sum":
                sums[short] += sample.value
            elif sample.name == f"{name}_count":
                counts[short] += sample.value
    means = {short: total / counts[short] for short, total in sums.items() if counts[short]}
    return means | {f"{short}_count": count for short, count in counts.items() if count}
