"""Processes of one site, to be killed and frozen: workers over videos, recordings or made-up walks, and matchers.

`python -m testing.site.site_processes ROLE URL SITE ...`, where SITE names the keys in Redis.
"""

import pickle
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from passerby_events.brokers import Brokers
from passerby_events.tracks import TrackKey
from pipeline.config import RedisConfig
from pipeline.events.jsonlines import JsonLinesSink
from pipeline.events.kafka.sink import KafkaSink
from pipeline.events.sink import EventSink
from pipeline.matching.memory import Retention
from pipeline.records import EmbeddedWindow, Embedding, TrackEnd
from pipeline.site import Site, Transit
from pipeline.store.client import SiteStore
from pipeline.store.embedding_messages import Expected
from pipeline.store.embedding_stream import EmbeddingWriter
from pipeline.store.site_matcher import LEADING, STANDING_BY, SiteMatcher, SiteMatcherParams
from pipeline.telemetry.health import Health
from pipeline.telemetry.http_server import HealthServer
from pipeline.telemetry.metrics import Metrics
from reid_models.colour_stripes import stripes_card
from testing.site_in_memory import matcher_of, supervise_into

SHOP = Site(name="shop", transits=(Transit(between=("door", "yard"), min_s=1, max_s=30),), unnamed_pairs="apart")
PLAYED_MODEL = "played@1"
PLAYED_DIMENSIONS = 16
PLAYED_SECONDS = 120
PEOPLE = 12
LEASE_S = 2.0
MAX_OUTBOX = 100


def main(argv: Sequence[str]) -> None:
    match argv:
        case ["video", url, site, *named]:
            videos = {name: Path(path) for name, _, path in (each.partition("=") for each in named)}
            run_video_worker(url, site, videos)
        case ["play", url, site, camera, pause_s]:
            run_player(url, site, camera, PLAYED_MODEL, played(camera), float(pause_s))
        case ["replay", url, site, camera, model_id, recording, pause_s]:
            run_player(url, site, camera, model_id, read_recording(Path(recording)), float(pause_s))
        case ["match", url, site, port, "video", out, *cameras]:
            encoder = stripes_card()
            assert encoder.dimensions
            expected = Expected(frozenset(cameras), encoder.model_id, encoder.dimensions)
            run_matcher(url, site, int(port), expected, lambda: JsonLinesSink(Path(out), append=True))
        case ["match", url, site, port, "played", address, topic, *cameras]:
            expected = Expected(frozenset(cameras), PLAYED_MODEL, PLAYED_DIMENSIONS)
            run_matcher(
                url, site, int(port), expected, lambda: KafkaSink(Brokers((address,)), topic, deliver_within_s=2.0)
            )
        case _:
            sys.exit(f"no role {argv}")


def run_video_worker(url: str, site: str, videos: Mapping[str, Path]) -> None:
    """A worker with real decoding, tracking and encoding."""
    with SiteStore(url, site) as store:
        writer = EmbeddingWriter(store, "+".join(videos), list(videos), model_id=stripes_card().model_id)
        supervise_into(videos, writer.write_all, emits_empty_windows=True).run()


def run_player(
    url: str, site: str, camera: str, model_id: str, windows: Iterable[EmbeddedWindow], pause_s: float
) -> None:
    """A worker that plays what was recorded, or made up: a window at a time, with a pause before each."""
    with SiteStore(url, site) as store:
        writer = EmbeddingWriter(store, camera, [camera], model_id=model_id, limits=RedisConfig(max_waiting=16))
        writer.write_all(_slowly(windows, pause_s))


def run_matcher(url: str, site: str, port: int, expected: Expected, open_sink: Callable[[], EventSink]) -> None:
    """A matcher that ends when the workers have."""
    metrics, health = Metrics(), Health(ready_states=(LEADING, STANDING_BY))
    with SiteStore(url, site) as store, HealthServer(health, metrics.registry, "127.0.0.1", port):
        SiteMatcher(
            store,
            expected,
            Retention(),
            lambda gallery, _: matcher_of(gallery, SHOP),
            open_sink,
            SiteMatcherParams(RedisConfig(lease_s=LEASE_S, patience_s=30.0, max_outbox=MAX_OUTBOX)),
            metrics,
            health,
        ).run(until_end=True)


def write_recording(path: Path, windows: Sequence[EmbeddedWindow]) -> Path:
    """Windows of one camera, for the role `replay`."""
    path.write_bytes(pickle.dumps(windows))
    return path


def read_recording(path: Path) -> list[EmbeddedWindow]:
    windows: list[EmbeddedWindow] = pickle.loads(path.read_bytes())
    return windows


def played(camera: str) -> Iterator[EmbeddedWindow]:
    """Windows of one camera: each of the people comes by again and again, in tracks of four parts. Some tracks begin
    with images of somebody else, or of nobody, so that what is decided of them has to be corrected.
    """
    for second in range(PLAYED_SECONDS):
        embeddings: list[Embedding] = []
        ended: list[TrackEnd] = []
        for person in range(PEOPLE):
            phase = (second - 5 * person - (15 if camera == "yard" else 0)) % 40
            if second < phase:
                continue
            track = TrackKey(camera, "r", 1000 * person + (second - phase))
            if phase in (2, 4, 6, 8):
                appearance = _first_appearance(person, second - phase) if phase == 2 else person
                embeddings.append(_embedding(track, appearance, second, phase))
            if phase == 10:
                ended.append(TrackEnd(track, second + 0.5, second - 10, second - 1.5, "container"))
        yield EmbeddedWindow(second + 1.0, tuple(embeddings), tuple(ended))


def _first_appearance(person: int, started: int) -> int:
    """Whom the first images of a track show; numbers from `PEOPLE` on are nobody's."""
    if started < 40 or person % 3 == 0:
        return person
    return (person + 6) % PEOPLE if person % 3 == 1 else PEOPLE + person


def _embedding(track: TrackKey, person: int, second: int, phase: int) -> Embedding:
    appearance = np.random.default_rng(person).standard_normal(PLAYED_DIMENSIONS)
    rng = np.random.default_rng((person, second, track.camera == "yard"))
    vector = appearance / np.linalg.norm(appearance) + 0.05 * rng.standard_normal(PLAYED_DIMENSIONS)
    return Embedding(
        track=track,
        tracklet_index=phase // 2 - 1,
        cut_s=second + 0.25,
        clock="container",
        start_s=second - 1.5,
        end_s=second + 0.2,
        quality=1.0,
        box=np.array([10, 20, 30, 80], np.float32),
        vector=(vector / np.linalg.norm(vector)).astype(np.float32),
        model_id=PLAYED_MODEL,
    )


def _slowly(windows: Iterable[EmbeddedWindow], pause_s: float) -> Iterator[EmbeddedWindow]:
    for window in windows:
        time.sleep(pause_s)
        yield window


if __name__ == "__main__":
    main(sys.argv[1:])
