"""An hour of traffic through one matcher that forgets: do memory and delay stay flat?

    python -m benchmarks.matching.hour

Forty embeddings a second of stream time, in windows of a second, six times as fast as they would come: an hour in ten
minutes. People come, are seen in six tracks within seven minutes, and go; tracks are remembered for ten minutes of
stream time, so that the gallery is full after a sixth of the hour, and by the end has forgotten five times what it
holds. Prints a table, draws docs/matching-hour.png, and fits straight lines to the hour after the gallery is full.
The delay is that from the moment a window was due in the stream to that in which the sink got the event.
"""

import argparse
import threading
import time
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.matching.site import DIMENSIONS, Write, matcher_of, redis_server, server_state, worker
from benchmarks.matching.throughput import embedding_of, stamp, track_of, window_of
from benchmarks.speed.one_thread import in_one_thread
from benchmarks.speed.pipeline_memory import MIB, resident_mib
from passerby_events.schema import Event
from pipeline.matching.memory import Retention
from pipeline.store.embedding_stream import EmbeddingWriter
from pipeline.telemetry.metrics import Metrics
from testing.paths import ROOT

PLOT = ROOT / "docs" / "matching-hour.png"
PER_SECOND = 40
WINDOW_S = 1.0
SPEED = 6.0
KEEP_S = 600.0
TRACKS_OF_PERSON = 6
TRACKS_THAT_MIX = 6000
"""The people of so many tracks come in turns: seven and a half minutes."""
NOISE = 0.02
SAMPLE_S = 1.0
FULL_MIN = 2 * KEEP_S / 60
"""From here on the gallery has forgotten as much as it holds, and allocators have seen all there is to see."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """What was seen of the hour.

    Attributes:
        minutes: (N,) of stream time.
        resident_mib: (N,) of the matcher's process.
        redis_mib: (N,) memory that Redis uses for what it holds.
        tracks: (N,) tracks that the gallery remembered.
        decided_min: (M,) minute of stream time of each decision.
        delays_ms: (M,) of each.
    """

    minutes: NDArray[np.float64]
    resident_mib: NDArray[np.float64]
    redis_mib: NDArray[np.float64]
    tracks: NDArray[np.float64]
    decided_min: NDArray[np.float64]
    delays_ms: NDArray[np.float64]


class Delays:
    """An `EventSink` that keeps when each decision was delivered, in memory that was there from the start.

    Args:
        most: decisions.
        begun_s: stream and wall time at which the load began.
    """

    def __init__(self, most: int, begun_s: float) -> None:
        self._seen_s, self._delivered_s = np.full(most, np.inf), np.full(most, np.inf)
        self._begun_s = begun_s
        self._count = 0

    def publish(self, event: Event) -> None:
        if event.kind != "track.ended" and event.kind != "person.erased":
            self._seen_s[self._count], self._delivered_s[self._count] = event.seen.end, time.time()
            self._count += 1

    def flush(self) -> None:
        """All that was published is kept."""

    def close(self) -> None:
        """Nothing is held."""

    def by_minute(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(M,) minute of stream time of each decision, and its delay in milliseconds."""
        stream_s = self._seen_s[: self._count] - self._begun_s
        return stream_s / 60, 1000 * (self._delivered_s[: self._count] - self._begun_s - stream_s / SPEED)


def main() -> None:
    in_one_thread(__spec__.name)
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=60.0, help="of stream time")
    asked = options.parse_args()
    samples = sample(asked.minutes)
    print_table(samples, asked.minutes / 6)
    draw(samples)


def sample(minutes: float) -> Samples:
    """Runs the traffic, and looks at both processes each second."""
    metrics, is_over = Metrics(), threading.Event()
    rows: list[tuple[float, float, float, float]] = []
    with (
        redis_server() as server,
        worker(server.url, partial(prepare, minutes), window_s=WINDOW_S, max_waiting=1024) as writing,
    ):
        sink = Delays(int(60 * minutes * PER_SECOND), writing.begun_s)

        def watch() -> None:
            while not is_over.wait(SAMPLE_S):
                stream_min = (time.time() - writing.begun_s) * SPEED / 60
                tracks = sum(sample.value for of in metrics.gallery_tracks.collect() for sample in of.samples)
                rows.append((stream_min, resident_mib(), server_state(server.url).used_bytes / MIB, tracks))

        watcher = threading.Thread(target=watch, name="memory")
        watcher.start()
        matcher_of(server.url, sink, Retention(keep_s=KEEP_S), metrics, window_s=WINDOW_S).run(until_end=True)
        is_over.set()
        watcher.join()
    minutes_at, resident, used, tracks = np.array(rows).T
    decided_min, delays_ms = sink.by_minute()
    return Samples(minutes_at, resident, used, tracks, decided_min, delays_ms)


def prepare(minutes: float) -> Write:
    return partial(write, minutes)


def write(minutes: float, writer: EmbeddingWriter, begun_s: float) -> None:
    """A window each second of stream time, the first of which begins now."""
    rng = np.random.default_rng(0)
    for window in range(int(60 * minutes / WINDOW_S)):
        numbers = range(int(window * WINDOW_S * PER_SECOND), int((window + 1) * WINDOW_S * PER_SECOND))
        noise = NOISE * rng.standard_normal((len(numbers), DIMENSIONS), np.float32)
        tracklets = [
            embedding_of(number, appearance_of(track_of(number)) + noise[i]) for i, number in enumerate(numbers)
        ]
        seen_s = begun_s + (window + 1) * WINDOW_S
        due_s = begun_s + (window + 1) * WINDOW_S / SPEED
        end_s = (int(begun_s / WINDOW_S) + window + 2) * WINDOW_S
        time.sleep(max(0.0, due_s - time.time()))
        writer.write(stamp(window_of(tracklets), end_s, window_s=WINDOW_S, seen_s=seen_s))


def appearance_of(track: int) -> NDArray[np.float32]:
    """(D,) float32 of length 1: how the person of a track looks."""
    crowd, place = divmod(track, TRACKS_THAT_MIX)
    person = crowd * (TRACKS_THAT_MIX // TRACKS_OF_PERSON) + place % (TRACKS_THAT_MIX // TRACKS_OF_PERSON)
    appearance = np.random.default_rng(person).standard_normal(DIMENSIONS, np.float32)
    return appearance / np.float32(np.linalg.norm(appearance))


def print_table(samples: Samples, step: float) -> None:
    """A row for each stretch of so many minutes of stream time."""
    print("| minutes | decisions | p50, ms | p99, ms | matcher, MiB | Redis, MiB | live tracks |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for start in step * np.arange(6):
        decided = (start <= samples.decided_min) & (samples.decided_min < start + step)
        seen = (start <= samples.minutes) & (samples.minutes < start + step)
        p50, p99 = np.percentile(samples.delays_ms[decided], (50, 99))
        print(
            f"| {start:g} to {start + step:g} | {decided.sum():,} | {p50:.1f} | {p99:.1f} "
            f"| {samples.resident_mib[seen].mean():.1f} | {samples.redis_mib[seen].mean():.1f} "
            f"| {samples.tracks[seen].mean():,.0f} |"
        )
    late = samples.minutes >= FULL_MIN
    for name, values in (("matcher", samples.resident_mib), ("Redis", samples.redis_mib)):
        slope = np.polyfit(samples.minutes[late], values[late], 1)[0] if late.sum() > 1 else np.nan
        print(f"{name}: {60 * slope:+.1f} MiB per hour of traffic from minute {FULL_MIN:g} on")
    minutes, p50s, _ = percentiles(samples)
    late = minutes >= FULL_MIN
    slope = np.polyfit(minutes[late], p50s[late], 1)[0] if late.sum() > 1 else np.nan
    print(f"p50: {60 * slope:+.1f} ms per hour of traffic from minute {FULL_MIN:g} on")


def percentiles(samples: Samples) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Minutes of stream time, and the p50 and p99 of the decisions of each."""
    minute = samples.decided_min.astype(np.int64)
    numbers = np.unique(minute)
    both = np.array([np.percentile(samples.delays_ms[minute == number], (50, 99)) for number in numbers])
    return numbers.astype(np.float64), both[:, 0], both[:, 1]


def draw(samples: Samples) -> None:
    figure = Figure(figsize=(9, 7.5), layout="constrained")
    delay, memory, tracks = figure.subplots(3, sharex=True)
    minutes, p50s, p99s = percentiles(samples)
    delay.plot(minutes, p99s, label="p99 of each minute")
    delay.plot(minutes, p50s, label="p50")
    delay.set(ylabel="publication to event, ms", ylim=(0, 1.25 * p99s.max()))
    delay.set_title(
        f"{PER_SECOND} embeddings/s of stream time, {SPEED:g} times as fast; remembered for {KEEP_S / 60:g} minutes"
    )
    memory.plot(samples.minutes, samples.resident_mib, label="matcher, resident")
    memory.plot(samples.minutes, samples.redis_mib, label="Redis, used")
    memory.set(ylabel="MiB", ylim=(0, 1.25 * samples.resident_mib.max()))
    tracks.plot(samples.minutes, samples.tracks, label="live tracks")
    tracks.plot(minutes, minutes * 60 * PER_SECOND / 3, label="tracks there ever were")
    tracks.set(xlabel="minutes of stream time", ylabel="tracks", ylim=(0, None))
    for axes in (delay, memory, tracks):
        _tidy(axes)
    figure.savefig(PLOT, dpi=100)


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper right", frameon=False)


if __name__ == "__main__":
    main()
