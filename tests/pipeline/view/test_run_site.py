"""A run in one process, as its view sees it: a real matcher over a gallery in memory."""

import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Self
from uuid import UUID

import numpy as np
import pytest

from passerby_events.tracks import TrackKey
from pipeline.config import ColourStripesConfig, ComputeConfig
from pipeline.events.fanout import FanoutSink
from pipeline.events.memory import MemorySink
from pipeline.images import TrackImage
from pipeline.matching.identity_loop import run_identity_loop
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import MemoryGallery
from pipeline.matching.merge_split import MergeSplitParams
from pipeline.matching.policy import MatchParams
from pipeline.output.thumbnails import thumbnail_path
from pipeline.records import EmbeddedWindow, Embedding
from pipeline.site import Site
from pipeline.store.erasure_requests import ErasureError
from pipeline.telemetry.summary import ProcessStatus
from pipeline.view.alike import VectorShelf
from pipeline.view.run_site import BookSink, MemoryDesk, RunSite
from pipeline.view.viewed import SiteCard
from testing.waiting import until


class Run:
    """Somebody like axis N is seen whenever the test says so."""

    def __init__(self, folder: Path) -> None:
        encoder = ColourStripesConfig(kind="colour-stripes")
        card = SiteCard("shop", ("door", "yard"), {}, True, encoder, ComputeConfig(), folder / "verdicts")
        status = ProcessStatus(at_s=0, is_alive=True, cameras={}, totals={}, latencies_s={})
        self.desk, self.sink = MemoryDesk(), MemorySink()
        self.site = RunSite(card, self.desk, VectorShelf(), lambda: status, thumbnails=folder / "thumbnails")
        self._book = BookSink(self.site.book)
        self._windows: SimpleQueue[EmbeddedWindow | None] = SimpleQueue()
        self._decided = 0
        self._given = 0
        gallery = MemoryGallery(FanoutSink([self.sink, self._book]))
        matcher = Matcher(gallery, Site(name="shop"), MatchParams(threshold=0.7), merge_split=MergeSplitParams())
        windows = self.site.erasures.without_erased(iter(self._windows.get, None), gallery)
        self._thread = threading.Thread(
            target=run_identity_loop, args=(windows, matcher), kwargs={"observers": [self._note]}
        )

    def _note(self, _: object) -> None:
        self._decided += 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._windows.put(None)
        self._thread.join()
        self._book.close()

    def sees(self, track: TrackKey, axis: int) -> UUID | None:
        """A tracklet, decided; who that is now."""
        start_s = 10.0 * self._given
        vector = np.eye(8, dtype=np.float32)[axis]
        box, index = np.zeros(4, np.float32), self._given
        seen = Embedding(track, index, start_s + 2, "receive", start_s, start_s + 2, 1.0, box, vector, "m@1")
        self.desk.keep(TrackImage(track, b"a JPEG", b"some of them"))
        self._windows.put(EmbeddedWindow(start_s + 3, (seen,), ()))
        self._given += 1
        until(lambda: self._decided == self._given, "the window to be decided")
        is_gone = track in self.site.erasures.gone
        return None if is_gone else until(lambda: self.site.book.person_of(track))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with Run(tmp_path) as run:
        yield run


DOOR, YARD = TrackKey("door", "r1", 1), TrackKey("yard", "r1", 1)


def test_an_erased_person_is_gone_from_memory_with_images_and_consumers_are_told(run: Run, tmp_path: Path) -> None:
    thumbnail = thumbnail_path(tmp_path / "thumbnails", DOOR, 0)
    thumbnail.parent.mkdir(parents=True)
    thumbnail.write_bytes(b"a JPEG")
    person = run.sees(DOOR, 0)
    assert person is not None
    entry = run.site.erase(person)
    assert (entry.outcome, entry.tracks, entry.ids) == ("erased", 1, (person,))
    until(lambda: run.site.book.person(person) is None, "the page to forget")
    assert [event.person for event in run.sink.erasures] == [person]
    assert run.desk.crop(DOOR) is None
    assert not thumbnail.exists()
    assert run.site.audit() == [entry]


def test_who_was_erased_is_somebody_new_when_seen_again_and_what_is_left_of_the_track_is_dropped(run: Run) -> None:
    person = run.sees(DOOR, 0)
    assert person is not None
    run.site.erase(person)
    run.sees(DOOR, 0)
    assert run.desk.crop(DOOR) is None
    assert [event.kind for event in run.sink.events] == ["person.appeared"]
    again = run.sees(YARD, 0)
    assert again not in (None, person)
    assert run.sink.events[-1].kind == "person.appeared"


def test_others_stay_and_who_was_erased_already_or_never_was_is_said(run: Run) -> None:
    person, other = run.sees(DOOR, 0), run.sees(YARD, 1)
    assert person is not None
    run.site.erase(person)
    assert run.site.book.person_of(YARD) == other
    assert run.site.erase(person).outcome == "already"
    with pytest.raises(ErasureError, match="nobody at the site has the id"):
        run.site.erase(UUID(int=1))


def test_before_anything_was_decided_nobody_can_be_erased(tmp_path: Path) -> None:
    with pytest.raises(ErasureError, match="nobody has been recognised so far"):
        Run(tmp_path).site.erase(UUID(int=1))
