"""The socket of every gallery: what the site remembers of its people."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from passerby_events.schema import IdentityEvent
from passerby_events.tracks import TrackKey
from pipeline.matching.sightings import Sighting, SightingArrays
from pipeline.records import EmbeddedWindow


class Known(Protocol):
    """A gallery's tracks as arrays, and what their rows and numbers stand for."""

    @property
    def arrays(self) -> SightingArrays: ...

    @property
    def cameras(self) -> Sequence[str]:
        """Names of cameras by number."""
        ...

    def row(self, index: int) -> Sighting:
        """The track of a row."""
        ...

    def index(self, track: TrackKey) -> int | None:
        """The row of a track; None if it is new or forgotten."""
        ...

    def person(self, number: int) -> UUID:
        """The person of a number in `arrays.persons`."""
        ...

    def number(self, person: UUID) -> int | None:
        """The number of a person; None if none of the tracks is of that person."""
        ...


class Gallery(Protocol):
    """Remembers tracks and who they are. One thread."""

    @property
    def run(self) -> UUID | None:
        """Id of the run: that of the first event that was committed; None: none was."""
        ...

    def known(self) -> Known:
        """All tracks that are remembered; valid until the next `commit`."""
        ...

    def commit(self, sightings: Sequence[Sighting], events: Sequence[IdentityEvent], window: EmbeddedWindow) -> None:
        """In one step, or not at all: writes the sightings (each replaces what was known of its track), hands the
        events on, and forgets what is past its retention at the end of the window that they follow from."""
        ...
