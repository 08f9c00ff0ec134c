"""A run in this process, looked at while it goes on."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from queue import SimpleQueue
from uuid import UUID

from passerby_events.schema import Event
from passerby_events.tracks import TrackKey
from pipeline.images import CameraImage, TrackImage
from pipeline.matching.erasing import Erased, MemoryErasures, NotErasedError
from pipeline.matching.verdicts import MemoryVerdicts, Verdict
from pipeline.output.thumbnails import remove_thumbnails
from pipeline.store.erasure_requests import AuditEntry, ErasureError, ErasureOutcome, require_erased
from pipeline.telemetry.summary import ProcessStatus
from pipeline.view.alike import VectorShelf
from pipeline.view.book import Book
from pipeline.view.viewed import Recorded, SiteCard

logger = logging.getLogger(__name__)

MOST_TRACKS = 20_000
"""Whose images are kept, 20 kB each."""
WANTED_S = 5.0


class MemoryDesk:
    """Images of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until_s: dict[str, float] = {}
        self._frames: dict[str, CameraImage] = {}
        self._images: OrderedDict[TrackKey, TrackImage] = OrderedDict()
        self._erased: set[TrackKey] = set()

    def watch(self, cameras: Sequence[str]) -> None:
        with self._lock:
            self._until_s |= dict.fromkeys(cameras, time.monotonic() + WANTED_S)

    def wanted(self) -> frozenset[str]:
        with self._lock:
            now_s = time.monotonic()
            return frozenset(camera for camera, until_s in self._until_s.items() if until_s > now_s)

    def show(self, image: CameraImage) -> None:
        with self._lock:
            self._frames[image.camera] = image

    def keep(self, image: TrackImage) -> None:
        with self._lock:
            if image.track in self._erased:
                return
            self._images[image.track] = image
            while len(self._images) > MOST_TRACKS:
                self._images.popitem(last=False)

    def frame(self, camera: str, known: str) -> CameraImage | None:
        with self._lock:
            found = self._frames.get(camera)
        return None if found is None or found.name == known else found

    def crop(self, track: TrackKey) -> bytes | None:
        with self._lock:
            return self._images[track].jpeg if track in self._images else None

    def moments(self, track: TrackKey) -> bytes | None:
        with self._lock:
            return self._images[track].moments if track in self._images else None

    def erase(self, tracks: Iterable[TrackKey]) -> None:
        """Forgets images of tracks, and keeps none that still come."""
        with self._lock:
            self._erased.update(tracks)
            for track in self._erased & self._images.keys():
                del self._images[track]


class BookSink:
    """Events into a book, in a thread of its own: whoever reads a long page of it holds up no matcher. A sink of a run.

    Args:
        book: told of each event.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._events: SimpleQueue[Event | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._take, name="book", daemon=True)
        self._thread.start()

    def publish(self, event: Event) -> None:
        self._events.put(event)

    def flush(self) -> None:
        """A book is no delivery that anybody waits for."""

    def close(self) -> None:
        self._events.put(None)
        self._thread.join()

    def _take(self) -> None:
        while (event := self._events.get()) is not None:
            self._book.take(event)


class RunSite:
    """What a view sees of a run.

    Args:
        card: of the site.
        desk: where the cameras lay out images; None: the site keeps none.
        shelf: vectors of the tracks; told of each window by whoever runs the matcher.
        status: reads how this process is.
        thumbnails: folder of the images that the run writes, if it does.
        recorder: finds the file that has a moment of a camera; None: nothing is recorded.

    Attributes:
        verdicts, erasures: what an operator asks for, for whoever runs the matcher.
    """

    def __init__(
        self,
        card: SiteCard,
        desk: MemoryDesk | None,
        shelf: VectorShelf,
        status: Callable[[], ProcessStatus],
        *,
        thumbnails: Path | None = None,
        recorder: Callable[[str, float], Recorded | None] | None = None,
    ) -> None:
        self.card = card
        self.book = Book()
        self.shelf = shelf
        self.verdicts = MemoryVerdicts()
        self.erasures = MemoryErasures(card.name)
        self._desk = desk
        self._status = status
        self._thumbnails = thumbnails
        self.records = recorder is not None
        self._recorder = recorder
        self._audit: list[AuditEntry] = []

    def statuses(self) -> dict[str, ProcessStatus]:
        return {"run": self._status()}

    def watch(self, cameras: Sequence[str]) -> None:
        if self._desk is not None:
            self._desk.watch(cameras)

    def frame(self, camera: str, known: str) -> CameraImage | None:
        return None if self._desk is None else self._desk.frame(camera, known)

    def crop(self, track: TrackKey) -> bytes | None:
        return None if self._desk is None else self._desk.crop(track)

    def moments(self, track: TrackKey) -> bytes | None:
        return None if self._desk is None else self._desk.moments(track)

    def recorded(self, camera: str, time_s: float) -> Recorded | None:
        return None if self._recorder is None else self._recorder(camera, time_s)

    def refresh_vectors(self) -> None:
        """The shelf is up to date: it is told of each window."""

    def say(self, verdict: Verdict) -> None:
        self.verdicts.say(verdict)

    def erase(self, person: UUID) -> AuditEntry:
        now_s, tracks = time.time(), self.book.tracks_of(person)
        try:
            done = self.erasures.erase(person, tracks, now_s)
        except NotErasedError as error:
            raise ErasureError(str(error)) from error
        self.forget_images()
        entry = AuditEntry(
            at=now_s,
            request=done.request,
            person=person,
            outcome=self._outcome(person, done),
            tracks=len(done.tracks),
            ids=done.ids,
            into=done.into,
        )
        logger.warning("audit: %s", entry.model_dump_json())
        self._audit.append(entry)
        return require_erased(entry)

    def _outcome(self, person: UUID, done: Erased) -> ErasureOutcome:
        if done.tracks:
            return "erased"
        if done.into:
            return "merged"
        return "already" if any(person in entry.ids for entry in self._audit) else "unknown"

    def forget_images(self) -> None:
        """Those of erased persons, also those that were written since."""
        gone = self.erasures.gone
        if self._desk is not None:
            self._desk.erase(gone)
        if self._thumbnails is not None:
            for track in gone:
                remove_thumbnails(self._thumbnails, track)

    def audit(self) -> list[AuditEntry]:
        return self._audit[::-1]
