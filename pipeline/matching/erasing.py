"""Erasing persons from the memory of this process, between two windows: whoever decides is not in the middle of one.

What was told of them before stays with whoever was told, and `person.erased` tells them to forget. The names of the
erased tracks are kept, so that what still comes of one is dropped instead of bringing the person back.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from passerby_events.errors import PasserbyError
from passerby_events.schema import PersonErased
from passerby_events.tracks import TrackKey
from pipeline.events.ids import erasure_id, run_id
from pipeline.matching.memory import MemoryGallery
from pipeline.records import EmbeddedWindow

ERASES_WITHIN_S = 20.0
"""A window takes milliseconds to decide; longer takes only one whose events nobody takes."""


class NotErasedError(PasserbyError):
    """Nothing was erased; the message says why."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of a request.

    Attributes:
        request: its id.
        ids: of the person, and of those who had been merged into it; empty: nobody has that id.
        tracks: that went.
        into: who the person is now, if it was merged into another; nothing was erased then.
    """

    request: UUID
    ids: tuple[UUID, ...]
    tracks: frozenset[TrackKey]
    into: UUID | None = None


class MemoryErasures:
    """Erases from one gallery, from any thread.

    Args:
        site: its name.
    """

    def __init__(self, site: str) -> None:
        self._site = site
        self._between = threading.Lock()
        """Held while a window is decided."""
        self._gallery: MemoryGallery | None = None
        self._gone: frozenset[TrackKey] = frozenset()

    @property
    def gone(self) -> frozenset[TrackKey]:
        """The tracks that were erased."""
        return self._gone

    def without_erased(self, windows: Iterable[EmbeddedWindow], gallery: MemoryGallery) -> Iterator[EmbeddedWindow]:
        """Windows without what they say of erased tracks; whoever takes one is done with it when it asks for the next.

        Args:
            gallery: of whoever takes them.
        """
        self._gallery = gallery
        for window in windows:
            with self._between:
                yield self._without_erased(window) if self._gone else window

    def _without_erased(self, window: EmbeddedWindow) -> EmbeddedWindow:
        embeddings = tuple(each for each in window.embeddings if each.track not in self._gone)
        ended = tuple(each for each in window.ended if each.track not in self._gone)
        return replace(window, embeddings=embeddings, ended=ended)

    def erase(self, person: UUID, tracks: Iterable[TrackKey], now_s: float) -> Erased:
        """Erases somebody, and tells whoever takes the events.

        Args:
            tracks: of the person that others know, remembered or not.
            now_s: seconds since the epoch.

        Raises:
            NotErasedError: if no window was decided so far, or one takes too long.
            EventsError: if nobody could be told.
        """
        if not self._between.acquire(timeout=ERASES_WITHIN_S):
            raise NotErasedError(f"{person} is not erased: the run has been held up for {ERASES_WITHIN_S:.0f} s; again")
        try:
            if self._gallery is None:
                raise NotErasedError(f"{person} is not erased: nobody has been recognised so far")
            return self._carry_out(self._gallery, person, {*tracks}, now_s)
        finally:
            self._between.release()

    def _carry_out(self, gallery: MemoryGallery, person: UUID, tracks: set[TrackKey], now_s: float) -> Erased:
        request = uuid4()
        ids = (person, *sorted((old for old, new in gallery.merged.items() if new == person), key=str))
        tracks = (tracks | gallery.tracks_of(ids)) - self._gone
        if not tracks:
            return Erased(request, (), frozenset(), gallery.merged.get(person))
        self._gone |= tracks
        gallery.erase(tracks, [self._erasure(gallery.run, each, request, now_s) for each in ids])
        return Erased(request, ids, frozenset(tracks))

    def _erasure(self, run: UUID | None, person: UUID, request: UUID, now_s: float) -> PersonErased:
        return PersonErased(
            event_id=erasure_id(self._site, person, request),
            site=self._site,
            run=run or run_id(self._site, request),
            person=person,
            erased_at=now_s,
        )
