"""What each camera did, summed up in a line a minute: progress, frames dropped, boxes with something against them."""

import logging
import time
from collections import Counter
from collections.abc import Mapping

from prometheus_client import CollectorRegistry

from pipeline.output.causes import sum_causes
from pipeline.scheduling.regular import RegularThread
from pipeline.telemetry.logs import of_camera
from pipeline.tracking.gate import GOOD_VERDICTS

logger = logging.getLogger(__name__)

EVERY_S = 60.0
_Counts = Counter[tuple[str, str]]
"""Of one camera, by sample and by cause or verdict."""


class MinuteLog(RegularThread):
    """Says once a minute, while it is entered, what each camera did since the last time.

    Args:
        registry: where it is counted.
        lengths: frames of each camera's recording; None: live, or not known.
        every_s: between two lines of a camera.
    """

    def __init__(
        self, registry: CollectorRegistry, lengths: Mapping[str, int | None], *, every_s: float = EVERY_S
    ) -> None:
        super().__init__("minutes", every_s)
        self._registry = registry
        self._lengths = lengths
        self._before: dict[str, _Counts] = {camera: Counter() for camera in lengths}
        self._began_s = time.monotonic()

    def act(self) -> None:
        """Says what each did since the last time."""
        now_s = time.monotonic()
        took_s, self._began_s = now_s - self._began_s, now_s
        self.say(took_s)

    def say(self, took_s: float) -> None:
        """One line for each camera, of what was counted in the last `took_s` seconds."""
        for camera, now in count_by_camera(self._registry, self._lengths).items():
            what = describe(now - self._before[camera], now["frames", ""], self._lengths[camera], took_s)
            self._before[camera] = now
            logger.info("camera %s: %s", camera, what, extra=of_camera(camera))


def count_by_camera(registry: CollectorRegistry, cameras: Mapping[str, object]) -> dict[str, _Counts]:
    """Frames, dropped frames by cause and poor boxes by verdict, of each camera since the start."""
    counts: dict[str, _Counts] = {camera: Counter() for camera in cameras}
    for metric in registry.collect():
        for sample in metric.samples:
            found = counts.get(sample.labels.get("camera", ""))
            if found is None:
                continue
            match sample.name:
                case "reid_frames_total":
                    found["frames", ""] = int(sample.value)
                case "reid_frames_dropped_total":
                    found["dropped", sample.labels["cause"]] = int(sample.value)
                case "reid_gate_verdicts_total" if sample.labels["verdict"] not in GOOD_VERDICTS:
                    found["poor", sample.labels["verdict"]] = int(sample.value)
    return counts


def describe(new: _Counts, frames: int, length: int | None, took_s: float) -> str:
    """As a line has it, such as `420 frames in 60 s, 900 of 5,000; dropped 3 (late 3); poor boxes 12 (blur 12)`."""
    pieces = [
        f"{new['frames', '']:,} frames in {took_s:.0f} s, {frames:,} " + (f"of {length:,}" if length else "in all")
    ]
    for kind, words in (("dropped", "dropped"), ("poor", "poor boxes")):
        causes = {cause: count for (of, cause), count in new.items() if of == kind and count > 0}
        if causes:
            pieces.append(f"{words} {sum_causes(causes)}")
    return "; ".join(pieces)
