"""How a site was over the last hour: what its processes said, every few seconds."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from pipeline.telemetry.summary import CameraStatus, ProcessStatus
from pipeline.view.lines import Json

EVERY_S = 5.0
KEPT = 720
RECENT = 30
"""Samples of the last seconds, as often as they are taken."""
SILENT_AFTER_S = 15.0
"""A process that has reported nothing for so long is taken for gone."""
LOST = ("retrying", "failed", "silent")
FPS_OVER_S = 15.0
ASKED_S = 20.0


@dataclass(frozen=True, slots=True)
class _Sample:
    at_s: float
    cameras: Mapping[str, CameraStatus]
    totals: Mapping[str, float]
    latencies_s: Mapping[str, float]


class HealthLog:
    """Takes what processes say, and tells how the site is. One thread at a time."""

    def __init__(self, cameras: tuple[str, ...], clock: Callable[[], float] = time.time) -> None:
        self._names = cameras
        self._clock = clock
        self._hours: deque[_Sample] = deque(maxlen=KEPT)
        self._samples: deque[_Sample] = deque(maxlen=RECENT)
        self._statuses: dict[str, ProcessStatus] = {}
        self._asked_s = 0.0

    def take(self, statuses: Mapping[str, ProcessStatus]) -> None:
        self._statuses = dict(statuses)
        fresh = [status for status in statuses.values() if self._age_s(status) < SILENT_AFTER_S]
        totals: dict[str, float] = {}
        latencies: dict[str, float] = {}
        for status in fresh:
            for name, value in status.totals.items():
                totals[name] = totals.get(name, 0.0) + value
            latencies |= {name: value for name, value in status.latencies_s.items() if not name.endswith("_count")}
        sample = _Sample(self._clock(), self._merged(fresh), totals, latencies)
        self._samples.append(sample)
        if not self._hours or sample.at_s - self._hours[-1].at_s >= EVERY_S:
            self._hours.append(sample)

    @property
    def is_asked(self) -> bool:
        """Whether anybody wanted to know lately."""
        return self._clock() - self._asked_s < ASKED_S

    def cameras(self) -> list[Json]:
        """Each camera: its source, how many frames a second, what was dropped and why."""
        self._asked_s = self._clock()
        now = self._samples[-1].cameras if self._samples else {}
        return [self._camera(name, now.get(name)) for name in self._names]

    def lost(self) -> frozenset[str]:
        """The cameras that see nobody now, whoever was in front of them last."""
        now = self._samples[-1].cameras if self._samples else {}
        return frozenset(name for name in self._names if self._camera(name, now.get(name))["state"] in LOST)

    def site(self) -> Json:
        """All of it, and how it was over the last hour."""
        return {
            "at": self._clock(),
            "cameras": self.cameras(),
            "processes": [
                {
                    "name": name,
                    "heard_s_ago": round(self._age_s(status), 1),
                    "is_silent": self._age_s(status) >= SILENT_AFTER_S,
                    "is_alive": status.is_alive,
                    "decides": bool(status.totals.get("leading")),
                }
                for name, status in sorted(self._statuses.items())
            ],
            "totals": dict(self._samples[-1].totals) if self._samples else {},
            "latencies_s": dict(self._samples[-1].latencies_s) if self._samples else {},
            "hour": self._hour(),
        }

    def _hour(self) -> list[Json]:
        """A point for each twelfth sample, and for the newest: a minute apart."""
        samples = list(self._hours)
        chosen = samples[:: max(1, len(samples) // 120)]
        points: list[Json] = []
        for before, after in pairwise(chosen):
            seconds = max(1e-6, after.at_s - before.at_s)
            frames = _total(after, "frames") - _total(before, "frames")
            points.append(
                {
                    "at": after.at_s,
                    "fps": round(max(0.0, frames / seconds), 2),
                    "dropped": max(0, _caused(after, "dropped") - _caused(before, "dropped")),
                    "not_encoded": max(0, _caused(after, "not_encoded") - _caused(before, "not_encoded")),
                    "messages_waiting": after.totals.get("messages_waiting", 0),
                    "match_s": after.latencies_s.get("match"),
                }
            )
        return points

    def _camera(self, name: str, status: CameraStatus | None) -> Json:
        if status is None:
            heard = any(name in status.cameras for status in self._statuses.values())
            return {"name": name, "state": "silent" if heard else "unknown", "since": None, "fps": None}
        return {
            "name": name,
            "state": status.state or "unknown",
            "since": status.since_s,
            "fps": self._fps(name),
            **{key: status.counts.get(key) for key in ("frames", "tracks_open", "tracks_ended", "tracks_encoded")},
            "behind_s": status.counts.get("behind_s"),
            **{key: status.causes.get(key, {}) for key in ("dropped", "gate", "not_encoded", "errors", "outcomes")},
        }

    def _fps(self, name: str) -> float | None:
        """Over the last seconds."""
        samples = [sample for sample in self._samples if name in sample.cameras]
        if len(samples) < 2:
            return None
        last = samples[-1]
        first = next(sample for sample in samples if sample.at_s >= last.at_s - FPS_OVER_S)
        if first is last:
            first = samples[-2]
        frames = last.cameras[name].counts.get("frames", 0) - first.cameras[name].counts.get("frames", 0)
        return round(max(0.0, frames / max(1e-6, last.at_s - first.at_s)), 1)

    def _merged(self, statuses: list[ProcessStatus]) -> dict[str, CameraStatus]:
        """What worker and matcher say of one camera, together."""
        found: dict[str, CameraStatus] = {}
        for status in statuses:
            for name, camera in status.cameras.items():
                before = found.get(name)
                found[name] = camera if before is None else _both(before, camera)
        return found

    def _age_s(self, status: ProcessStatus) -> float:
        return max(0.0, self._clock() - status.at_s)


def _both(a: CameraStatus, b: CameraStatus) -> CameraStatus:
    main = a if a.state else b
    return CameraStatus(
        state=main.state, since_s=main.since_s, counts={**b.counts, **a.counts}, causes={**b.causes, **a.causes}
    )


def _total(sample: _Sample, name: str) -> float:
    return sum(camera.counts.get(name, 0) for camera in sample.cameras.values())


def _caused(sample: _Sample, name: str) -> int:
    return sum(sum(camera.causes.get(name, {}).values()) for camera in sample.cameras.values())
