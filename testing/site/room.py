"""A site of one camera, `door`: its matcher in a thread, and its worker by hand."""

import threading
from collections.abc import Sequence

from pipeline.config import RedisConfig
from pipeline.events.memory import MemorySink
from pipeline.events.sink import EventSink
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import Retention
from pipeline.matching.policy import MatchParams
from pipeline.records import EmbeddedWindow
from pipeline.site import Site
from pipeline.store.client import SiteStore
from pipeline.store.embedding_messages import Expected
from pipeline.store.embedding_stream import EmbeddingWriter
from pipeline.store.site_matcher import LEADING, STANDING_BY, SiteMatcher, SiteMatcherParams
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from testing.embeddings import MODEL, embedding, end

ENDS_WITHIN_S = 30.0


class Room:
    """A matcher, and what can be seen of it."""

    def __init__(
        self,
        store: SiteStore,
        params: SiteMatcherParams | None = None,
        sink: EventSink | None = None,
        *,
        cameras: Sequence[str] = ("door",),
        model_id: str = MODEL,
        accepts_changes: bool = False,
    ) -> None:
        self.sink = MemorySink()
        self.metrics = Metrics()
        self.health = Health(ready_states=(LEADING, STANDING_BY))
        self.matcher = SiteMatcher(
            store,
            Expected(frozenset(cameras), model_id, 8),
            Retention(),
            lambda gallery, verdicts: Matcher(
                gallery, Site(name="shop"), MatchParams(threshold=0.9), verdicts=verdicts
            ),
            lambda: sink or self.sink,
            params or SiteMatcherParams(RedisConfig(lease_s=0.5), accepts_changes=accepts_changes),
            self.metrics,
            self.health,
        )

        self._thread = threading.Thread(target=self.matcher.run, daemon=True)

    def start(self) -> "Room":
        self._thread.start()
        return self

    def stop(self) -> None:
        """Returns when it has ended, well."""
        self.matcher.stop()
        self._thread.join(ENDS_WITHIN_S)
        assert not self._thread.is_alive()


def write(store: SiteStore, *tracks: int) -> None:
    """What a worker writes from its beginning to its end, when each track is seen in a window of its own."""
    writer = EmbeddingWriter(store, "w", ["door"], model_id=MODEL)
    writer.open()
    for number, track in enumerate(tracks):
        window = EmbeddedWindow(10.0 + number, (embedding(track, cut_s=9.5 + number),), (end(track, 9.6 + number),))
        writer.write(window)
    writer.close()


class PlayedCamera:
    """A worker that writes a window at a time."""

    def __init__(self, store: SiteStore) -> None:
        self._writer = EmbeddingWriter(store, "w", ["door"], model_id=MODEL)
        self._writer.open()
        self._end_s = 9.0

    def sees(self, *tracklets: tuple[int, int], ended: tuple[int, ...] = ()) -> None:
        """Tracklets by track and index, and tracks that end."""
        self._end_s += 1.0
        cut_s = self._end_s - 0.5
        embeddings = tuple(embedding(track, tracklet_index=index, cut_s=cut_s) for track, index in tracklets)
        self._writer.write(EmbeddedWindow(self._end_s, embeddings, tuple(end(track, cut_s) for track in ended)))

    def closes(self) -> None:
        self._writer.close()
