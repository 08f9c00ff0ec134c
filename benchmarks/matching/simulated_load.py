"""Fifty cameras' worth of people into a site of several processes: is the score that of one process, and how fast?

    python -m benchmarks.matching.simulated_load

People walk over a simulated site; their true tracks, with embeddings made up for them, are written into a redis-server
of its own by ten workers, each a process that speaks for five cameras, and a matcher in this process decides them, as
fast as it can. The same windows are decided without Redis too. Exit code 1 if an event differs.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.matching.simulated_traffic import DIMENSIONS, MODEL, SITE, WINDOW_S, Drive, Load, drive_of, together
from benchmarks.speed.one_thread import in_one_thread
from passerby_events.schema import IdentityEvent
from pipeline.evaluation.evaluate import Evaluation, evaluate
from pipeline.events.memory import MemorySink
from pipeline.matching.gallery import Gallery
from pipeline.matching.identity_loop import run_identity_loop
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import MemoryGallery, Retention
from pipeline.matching.policy import MatchParams
from pipeline.ordering.channel import OrderParams
from pipeline.records import EmbeddedWindow
from pipeline.site import Site
from pipeline.store.client import SiteStore
from pipeline.store.embedding_messages import Expected
from pipeline.store.embedding_stream import EmbeddingWriter
from pipeline.store.site_matcher import SiteMatcher, SiteMatcherParams
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from testing.services.redis import RedisServer

CAMERAS_OF_A_WORKER = 5
THRESHOLD = 0.5


def main() -> int:
    in_one_thread(__spec__.name)
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=180, help="of traffic")
    load = Load(seconds=options.parse_args().seconds)
    drive = drive_of(load)
    persons = len({int(person) for truth in drive.truth.values() for person in truth.ids})
    console = Console(highlight=False)
    console.print(f"{len(load.cameras)} cameras, {load.seconds} s, {persons} people, {drive.embeddings:,} embeddings")
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), appendfsync="everysec").start()
        try:
            several, together_s = time_run(lambda: in_several_processes(drive, server.url))
        finally:
            server.stop()
    one, alone_s = time_run(lambda: in_one_process(drive))
    table = Table("processes", "wall, s", "per s", "events", "IDF1", "HOTA", "wrong", "missed")
    for title, events, wall_s in (("one", one, alone_s), ("eleven", several, together_s)):
        score = score_drive(drive, events)
        errors = score.errors.missing
        table.add_row(
            title,
            f"{wall_s:.1f}",
            f"{drive.embeddings / wall_s:,.0f}",
            f"{len(events):,}",
            f"{score.across.idf1:.1%}",
            f"{score.across.hota:.1%}",
            f"{errors.wrong_match:,}",
            f"{errors.missed_match:,}",
        )
    console.print(table)
    return 0 if as_sent(one) == as_sent(several) else 1


def in_one_process(drive: Drive) -> list[IdentityEvent]:
    """The events of all cameras in this process."""
    sink = MemorySink()
    windows = [window for window in together(drive.windows) if window.embeddings or window.ended]
    run_identity_loop(windows, matcher_over(MemoryGallery(sink), drive.site))
    return sink.events


def in_several_processes(drive: Drive, url: str) -> list[IdentityEvent]:
    """The events of workers that write into Redis, and a matcher in this process."""
    cameras = list(drive.windows)
    processes = multiprocessing.get_context("spawn")
    shares = [cameras[first:][:CAMERAS_OF_A_WORKER] for first in range(0, len(cameras), CAMERAS_OF_A_WORKER)]
    workers = [
        processes.Process(target=work, args=(url, {name: drive.windows[name] for name in share})) for share in shares
    ]
    sink = MemorySink()
    with SiteStore(url, drive.site.name) as store:
        for worker in workers:
            worker.start()
        SiteMatcher(
            store,
            Expected(frozenset(cameras), MODEL, DIMENSIONS),
            Retention(),
            lambda gallery, _: matcher_over(gallery, drive.site),
            lambda: sink,
            SiteMatcherParams(order=OrderParams(window_s=WINDOW_S)),
            Metrics(),
            Health(),
        ).run(until_end=True)
        for worker in workers:
            worker.join()
    return sink.events


def work(url: str, windows: Mapping[str, Sequence[EmbeddedWindow]]) -> None:
    """A worker that speaks for some cameras."""
    with SiteStore(url, SITE) as store:
        writer = EmbeddingWriter(store, "+".join(windows), list(windows), model_id=MODEL)
        writer.write_all(together(windows))


def matcher_over(gallery: Gallery, site: Site) -> Matcher:
    return Matcher(gallery, site, MatchParams(threshold=THRESHOLD))


def as_sent(events: Sequence[IdentityEvent]) -> list[str]:
    """Events as consumers have them: numbers are rounded when they are written."""
    return [event.model_dump_json() for event in events]


def score_drive(drive: Drive, events: Sequence[IdentityEvent]) -> Evaluation:
    """Against the true tracks: whatever is wrong, the matcher did."""
    return evaluate(events, drive.tracks, drive.truth, scores_pairs=False)


def time_run(run: Callable[[], list[IdentityEvent]]) -> tuple[list[IdentityEvent], float]:
    """The events, and the wall time that they took in seconds."""
    started_s = time.monotonic()
    return run(), time.monotonic() - started_s


if __name__ == "__main__":
    sys.exit(main())
