"""What is looked at during `benchmarks.faults.outages`, and the image of it."""

import math
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import redis
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.store.keys import OUTBOX, STREAM
from testing.site.watched import Watched

EVERY_S = 5.0
REDIS_TIMEOUT_S = 1.0
MIB = 1 << 20
AWAY = math.nan
"""What is said of Redis while it is away."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of the run, minutes since its start."""

    name: str
    starts: float
    ends: float
    is_outage: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """
    Attributes:
        minute: since the start.
        resident_mib: of each process.
        redis_mib: memory that Redis uses, by its own account.
        outbox, stream: entries.
        frames: looked at by both cameras, from the start.
        dropped: by cause, of both cameras, from the start.
    """

    minute: float
    resident_mib: Mapping[str, float]
    redis_mib: float
    outbox: float
    stream: float
    frames: float
    dropped: Mapping[str, float]


@dataclass(slots=True)
class Observed:
    """What is looked at.

    Attributes:
        processes: by name, with their ids.
        workers: those of the cameras.
        redis_url, key_prefix: where the streams of the site lie.
        samples: so far.
    """

    processes: Mapping[str, int]
    workers: Sequence[Watched]
    redis_url: str
    key_prefix: str
    samples: list[Sample] = field(default_factory=list)
    started_s: float = field(default_factory=time.monotonic)

    def minute(self) -> float:
        return (time.monotonic() - self.started_s) / 60

    def look(self) -> None:
        redis_mib, outbox, stream = self._redis()
        dropped: dict[str, float] = {}
        for worker in self.workers:
            for labels, count in worker.samples("reid_frames_dropped_total").items():
                cause = dict(labels)["cause"]
                dropped[cause] = dropped.get(cause, 0.0) + count
        frames = sum(sum(worker.samples("reid_frames_total").values()) for worker in self.workers)
        resident = {name: resident_mib(process) for name, process in self.processes.items()}
        self.samples.append(Sample(self.minute(), resident, redis_mib, outbox, stream, frames, dropped))

    def _redis(self) -> tuple[float, float, float]:
        with redis.Redis.from_url(self.redis_url, socket_timeout=REDIS_TIMEOUT_S) as client:
            try:
                used = float(client.info("memory")["used_memory"])
                lengths = [float(client.xlen(self.key_prefix + name)) for name in (OUTBOX, STREAM)]
            except redis.RedisError:
                return AWAY, AWAY, AWAY
        return used / MIB, lengths[0], lengths[1]


class Sampler:
    """Looks every five seconds, in a thread of its own, while it is entered."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(EVERY_S):
            self._observed.look()


def resident_mib(process: int) -> float:
    """Memory of a process that is in RAM; 0 when it has ended."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def draw(samples: Sequence[Sample], phases: Sequence[Phase], path: Path, title: str) -> None:
    """Three images over one time: memory, what waits, and what the cameras look at and drop."""
    figure = Figure(figsize=(12, 9), layout="constrained")
    memory, waiting, cameras = figure.subplots(3, 1, sharex=True)
    minutes = [sample.minute for sample in samples]
    for name in samples[0].resident_mib:
        memory.plot(minutes, [sample.resident_mib[name] or AWAY for sample in samples], label=name)
    memory.plot(minutes, [sample.redis_mib for sample in samples], label="Redis (used_memory)")
    memory.set(ylabel="MiB", ylim=(0, None))
    waiting.plot(minutes, [sample.outbox for sample in samples], label="outbox: events for Kafka")
    waiting.plot(minutes, [sample.stream for sample in samples], label="stream: messages to decide")
    waiting.set(ylabel="entries", yscale="symlog", ylim=(0, None))
    _draw_rates(cameras, samples)
    for axes in (memory, waiting, cameras):
        for phase in phases:
            if phase.is_outage:
                axes.axvspan(phase.starts, phase.ends, color="tab:red", alpha=0.1, label=phase.name)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize="small")
    cameras.set(xlabel="minutes", ylabel="frames per second, both cameras", ylim=(0, None))
    figure.suptitle(title, fontsize="medium")
    figure.savefig(path, dpi=90)


def _draw_rates(axes: Axes, samples: Sequence[Sample]) -> None:
    steps = list(pairwise(samples))
    middle = [(before.minute + after.minute) / 2 for before, after in steps]
    seconds = [60 * (after.minute - before.minute) for before, after in steps]
    looked_at = [after.frames - before.frames for before, after in steps]
    axes.plot(middle, [count / each for count, each in zip(looked_at, seconds, strict=True)], label="looked at")
    for cause in sorted(samples[-1].dropped):
        dropped = [after.dropped.get(cause, 0.0) - before.dropped.get(cause, 0.0) for before, after in steps]
        rates = [count / each for count, each in zip(dropped, seconds, strict=True)]
        axes.plot(middle, rates, label=f"dropped at the source:\n{cause}")
