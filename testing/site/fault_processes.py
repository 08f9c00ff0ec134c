"""Processes of one site with everything about them as an option: what they say they are, where Redis is, their clocks.

An error that a user can mend ends them as it ends the installed commands: one line, and exit code 1.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from passerby_events.brokers import Brokers
from passerby_events.tracks import TrackKey
from pipeline.config import RedisConfig
from pipeline.events.jsonlines import JsonLinesSink
from pipeline.events.kafka.sink import KafkaSink
from pipeline.events.sink import EventSink
from pipeline.matching.memory import Retention
from pipeline.ordering.channel import OrderParams
from pipeline.records import EmbeddedWindow, Embedding, TrackEnd
from pipeline.site import Site, Transit
from pipeline.store.client import SiteStore
from pipeline.store.embedding_messages import Expected
from pipeline.store.embedding_stream import EmbeddingWriter, EntryWaits, MessagesLost
from pipeline.store.site_matcher import LEADING, STANDING_BY, SiteMatcher, SiteMatcherParams
from pipeline.telemetry.health import Health
from pipeline.telemetry.http_server import HealthServer
from pipeline.telemetry.metrics import Metrics
from reid_runtime.faults import exit_code, in_one_line
from testing.site.site_processes import PLAYED_DIMENSIONS, PLAYED_MODEL, SHOP, played
from testing.site_in_memory import matcher_of
from testing.waiting import until

CALL_TIMEOUT_S = 2.0
PATIENCE_S = 4.0
"""How long a process waits for a Redis that is away; as short as a row of the table allows."""
LEASE_S = 2.0
IDLE_AFTER_S = 5.0
"""Longer than a loaded machine lets any process rest."""
LIVE_SCALE = 0.1
"""Of the played walks, so that two minutes of them pass in twelve seconds of a live site."""
LIVE_SHOP = Site(
    name="shop",
    transits=(Transit(between=("door", "yard"), min_s=LIVE_SCALE, max_s=30 * LIVE_SCALE),),
    unnamed_pairs="apart",
    clock_tolerance_s=0.5 * LIVE_SCALE,
)


class _Options(BaseModel):
    """
    Attributes:
        url, site: of Redis.
        port: for health and metrics.
        window_s: length of a window, seconds of the recorded walk.
        model_id: of the network.
        live_from: a live site, whose walk begins when this file says, seconds since the epoch; None: recordings.
        clock_off_s: how far the clock of this process's machine is off.
        patience_s: how long it waits for a Redis that is away.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    url: str
    site: str
    port: int
    window_s: float = 1.0
    model_id: str = PLAYED_MODEL
    live_from: Path | None = None
    clock_off_s: float = 0.0
    patience_s: float = PATIENCE_S

    def now_s(self) -> float:
        """The time by the clock of this process's machine."""
        return time.time() + self.clock_off_s


class WorkerOptions(_Options):
    """
    Attributes:
        camera: whose walk is played.
        called: what the worker calls that camera; empty: by its name.
        worker: what the worker calls itself; empty: like the camera.
        session: of its tracks, where it is not that of the walk.
        pause_s: before each window of a recording.
        hold_s: after the last window of a live site.
    """

    camera: str
    called: str = ""
    worker: str = ""
    session: str = ""
    pause_s: float = 0.05
    hold_s: float = 0.0


class MatcherOptions(_Options):
    """
    Attributes:
        cameras: of the site.
        out: events go to this file.
        brokers, topic: or there, if a topic is given.
    """

    cameras: tuple[str, ...]
    out: Path
    brokers: str = ""
    topic: str = ""


def run_logged(role: str, options: str, log: str) -> None:
    """A process from its begin to its end.

    Args:
        role: `worker` or `matcher`.
        options: of that, as JSON.
        log: what it prints is added to this file.
    """
    with Path(log).open("ab") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING, stream=sys.stderr)
    try:
        if role == "worker":
            run_worker(WorkerOptions.model_validate_json(options))
        else:
            run_matcher(MatcherOptions.model_validate_json(options))
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise
        print(f"error: {in_one_line(error)}", file=sys.stderr)  # noqa: T201 - as the command line does
        sys.exit(code)


def run_worker(options: WorkerOptions) -> None:
    name = options.called or options.camera
    metrics, health = Metrics(), Health()
    with (
        HealthServer(health, metrics.registry, "127.0.0.1", options.port),
        SiteStore(options.url, options.site, timeout_s=CALL_TIMEOUT_S) as store,
    ):
        writer = EmbeddingWriter(
            store,
            options.worker or name,
            [name],
            model_id=options.model_id,
            order=_order(options),
            clock=options.now_s,
            limits=RedisConfig(max_waiting=64, patience_s=options.patience_s),
            observers=[partial(_count, metrics)],
        )
        writer.write_all(_paced(_windows(options), options))


def _count(metrics: Metrics, what: EntryWaits | MessagesLost) -> None:
    (metrics.stream_waits if isinstance(what, EntryWaits) else metrics.store_losses).inc()


def run_matcher(options: MatcherOptions) -> None:
    """A matcher that ends when the workers have, or at SIGTERM."""
    metrics, health = Metrics(), Health(ready_states=(LEADING, STANDING_BY))
    is_live = options.live_from is not None
    expected = Expected(frozenset(options.cameras), options.model_id, PLAYED_DIMENSIONS, is_live=is_live)
    with (
        SiteStore(options.url, options.site, timeout_s=CALL_TIMEOUT_S) as store,
        HealthServer(health, metrics.registry, "127.0.0.1", options.port),
    ):
        matcher = SiteMatcher(
            store,
            expected,
            Retention(),
            lambda gallery, _: matcher_of(gallery, LIVE_SHOP if is_live else SHOP),
            lambda: _open_sink(options),
            SiteMatcherParams(
                RedisConfig(lease_s=LEASE_S, max_outbox=100, patience_s=options.patience_s),
                _order(options),
                is_live,
            ),
            metrics,
            health,
        )
        signal.signal(signal.SIGTERM, lambda *_: matcher.stop())
        matcher.run(until_end=True)


def _order(options: _Options) -> OrderParams:
    scale = 1.0 if options.live_from is None else LIVE_SCALE
    return OrderParams(window_s=options.window_s * scale, idle_after_s=IDLE_AFTER_S)


def _open_sink(options: MatcherOptions) -> EventSink:
    if options.topic:
        return KafkaSink(Brokers((options.brokers,)), options.topic, deliver_within_s=2.0)
    return JsonLinesSink(options.out, append=True)


def _windows(options: WorkerOptions) -> Iterator[EmbeddedWindow]:
    windows: Iterable[EmbeddedWindow] = played(options.camera)
    if options.live_from is not None:
        from_s = float(until(partial(_text_of, options.live_from), "the walk begins"))
        windows = (live(window, from_s, off_s=options.clock_off_s) for window in windows)
    for window in joined(windows, round(options.window_s)):
        yield _disguised(window, options)


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def live(window: EmbeddedWindow, from_s: float, *, off_s: float = 0.0) -> EmbeddedWindow:
    """A window of the walk as it happens from then on, and as a clock tells of it that is so far off."""

    def at(time_s: float) -> float:
        return from_s + off_s + time_s * LIVE_SCALE

    return EmbeddedWindow(
        at(window.end_s),
        tuple(
            replace(each, cut_s=at(each.cut_s), start_s=at(each.start_s), end_s=at(each.end_s))
            for each in window.embeddings
        ),
        tuple(
            TrackEnd(each.track, at(each.cut_s), at(each.start_s), at(each.end_s), each.clock) for each in window.ended
        ),
    )


def joined(windows: Iterable[EmbeddedWindow], count: int) -> Iterator[EmbeddedWindow]:
    """Windows of so many times the length."""
    embeddings: list[Embedding] = []
    ended: list[TrackEnd] = []
    for number, window in enumerate(windows, 1):
        embeddings += window.embeddings
        ended += window.ended
        if number % count == 0:
            yield EmbeddedWindow(window.end_s, tuple(embeddings), tuple(ended))
            embeddings, ended = [], []


def _disguised(window: EmbeddedWindow, options: WorkerOptions) -> EmbeddedWindow:
    """The same of another camera and another network."""
    camera = options.called or options.camera

    def of(track: TrackKey) -> TrackKey:
        return TrackKey(camera, options.session or track.session, track.track)

    return replace(
        window,
        embeddings=tuple(replace(each, track=of(each.track), model_id=options.model_id) for each in window.embeddings),
        ended=tuple(replace(each, track=of(each.track)) for each in window.ended),
    )


def _paced(windows: Iterable[EmbeddedWindow], options: WorkerOptions) -> Iterator[EmbeddedWindow]:
    for window in windows:
        if options.live_from is None:
            time.sleep(options.pause_s)
        else:
            time.sleep(max(0.0, window.end_s - options.now_s()))
        yield window
    time.sleep(options.hold_s)
