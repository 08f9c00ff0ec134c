"""A site in Redis, looked at beside its matcher: reads what that commits, and asks it for what only it may do."""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Self
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from passerby_events.schema import PersonErased, event_from
from passerby_events.tracks import TrackKey
from pipeline.images import CameraImage
from pipeline.matching.verdicts import Verdict
from pipeline.store.client import SiteStore, StoreError
from pipeline.store.erasure_requests import AuditEntry, ask, audit, require_erased
from pipeline.store.keys import AUDIT, HISTORY, RECENT, sighting_key
from pipeline.store.sighting_fields import FieldsError, sighting_from
from pipeline.store.verdicts import say_verdict
from pipeline.store.view_desk import read_frame, read_image, read_statuses, want
from pipeline.telemetry.summary import ProcessStatus
from pipeline.view.alike import VectorShelf
from pipeline.view.book import Book
from pipeline.view.viewed import NotPossibleError, SiteCard

logger = logging.getLogger(__name__)

PAGE = 1000
WAIT_S = 1.0
AGAIN_S = 1.0
"""After Redis could not be reached."""
ERASES_WITHIN_S = 20.0
FORGETS_EVERY_S = 60.0
AUDIT_SHOWN = 200


class RedisSite:
    """What a view sees of a site, while it is entered.

    Args:
        store: of the site.
        card: what does not change.
        keep_s: how long the site remembers a track.
    """

    def __init__(self, store: SiteStore, card: SiteCard, *, keep_s: float) -> None:
        self.card = card
        self.book = Book(keep_s=keep_s)
        self.shelf = VectorShelf()
        self.records = False
        self._store = store
        self._loaded: dict[str, TrackKey] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._tail, name="history", daemon=True)

    def __enter__(self) -> Self:
        self._after = b"0-0"
        self._read_new()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def statuses(self) -> dict[str, ProcessStatus]:
        found: dict[str, ProcessStatus] = {}
        for process, line in read_statuses(self._store).items():
            try:
                found[process] = ProcessStatus.model_validate_json(line)
            except ValidationError:
                continue
        return found

    def watch(self, cameras: Sequence[str]) -> None:
        want(self._store, cameras)

    def frame(self, camera: str, known: str) -> CameraImage | None:
        return read_frame(self._store, camera, known)

    def crop(self, track: TrackKey) -> bytes | None:
        return read_image(self._store, track, "jpeg")

    def moments(self, track: TrackKey) -> bytes | None:
        return read_image(self._store, track, "moments")

    def recorded(self, camera: str, time_s: float) -> None:
        """Workers record nothing."""

    def refresh_vectors(self) -> None:
        """Reads the vectors of tracks that are new, or have been seen longer; forgets those that are gone."""
        names = [name.decode() for name in self._store.members(RECENT)]
        for start in range(0, len(names), PAGE):
            page = names[start : start + PAGE]
            hashes = self._store.hashes([self._store.key(sighting_key(name)) for name in page])
            totals: dict[TrackKey, NDArray[np.float64]] = {}
            for name, fields in zip(page, hashes, strict=True):
                if fields:
                    try:
                        sighting = sighting_from(fields)
                    except FieldsError:
                        continue
                    totals[sighting.track] = sighting.total
                    self._loaded[name] = sighting.track
            self.shelf.put(totals)
        self.shelf.keep_only({self._loaded[name] for name in names if name in self._loaded})
        self._loaded = {name: self._loaded[name] for name in names if name in self._loaded}

    def say(self, verdict: Verdict) -> None:
        say_verdict(self._store, verdict)

    def erase(self, person: UUID) -> AuditEntry:
        newest = deque((entry_id for entry_id, _ in audit(self._store)), maxlen=1)
        after = newest[0] if newest else b"0-0"
        request = ask(self._store, person)
        ends_s = time.monotonic() + ERASES_WITHIN_S
        while time.monotonic() < ends_s:
            self._store.wait_for_entry(AUDIT, after, WAIT_S)
            for entry_id, entry in audit(self._store, after=after):
                after = entry_id
                if entry.request == request.id:
                    return require_erased(entry)
        raise NotPossibleError(f"the request {request.id} waits: no matcher has carried it out so far")

    def audit(self) -> list[AuditEntry]:
        newest = deque((entry for _, entry in audit(self._store)), maxlen=AUDIT_SHOWN)
        return list(newest)[::-1]

    def _tail(self) -> None:
        forgets_again_s = time.monotonic() + FORGETS_EVERY_S
        while not self._is_over.is_set():
            try:
                self._store.wait_for_entry(HISTORY, self._after, WAIT_S)
                self._read_new()
            except StoreError as error:
                logger.warning("the view waits: %s", error)
                self._is_over.wait(AGAIN_S)
            if time.monotonic() > forgets_again_s:
                forgets_again_s = time.monotonic() + FORGETS_EVERY_S
                self.book.forget()

    def _read_new(self) -> None:
        while not self._is_over.is_set():
            entries = self._store.entries(HISTORY, PAGE, after=self._after)
            for entry_id, fields in entries:
                self._after = entry_id
                try:
                    event = event_from(fields.get(b"event", b""))
                except ValidationError:
                    continue
                if isinstance(event, PersonErased):
                    self.shelf.forget(self.book.tracks_of(event.person))
                self.book.take(event)
            if len(entries) < PAGE:
                return
