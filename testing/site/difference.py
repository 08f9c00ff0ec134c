"""Who each track came to be at a disturbed site, beside who it is at an undisturbed one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from passerby_events.reducing import fold
from passerby_events.schema import Event
from passerby_events.tracks import TrackKey
from pipeline.events.memory import MemorySink
from pipeline.matching.memory import MemoryGallery
from testing.site.fault_processes import LIVE_SHOP, live
from testing.site.site_processes import SHOP
from testing.site.town import site_windows
from testing.site_in_memory import matcher_of


def undisturbed_persons(*, is_live: bool) -> dict[TrackKey, UUID]:
    """Who each track is when nothing disturbs the site, decided in one process."""
    sink = MemorySink()
    matcher = matcher_of(MemoryGallery(sink), LIVE_SHOP if is_live else SHOP)
    for window in site_windows():
        matcher.step(live(window, 1_000_000.0) if is_live else window)
    return dict(fold(sink.events).persons_by_track)


@dataclass(frozen=True, slots=True)
class Difference:
    """What a disturbed site says of its tracks, beside what an undisturbed one says.

    Attributes:
        lost: tracks of which nothing is said.
        alien: tracks that do not exist.
        changed: tracks that are somebody else.
        doubled: persons whose tracks have become several persons'.
        reworded: events that were reported twice, and not in the same words.
    """

    lost: int
    alien: int
    changed: int
    doubled: int
    reworded: int

    @property
    def is_none(self) -> bool:
        return not (self.lost or self.alien or self.changed or self.doubled or self.reworded)


def differ(expected: Mapping[TrackKey, UUID], events: Sequence[Event]) -> Difference:
    found = fold(events).persons_by_track
    persons: dict[UUID, set[UUID]] = {}
    for track, person in expected.items():
        if track in found:
            persons.setdefault(person, set()).add(found[track])
    return Difference(
        lost=len(expected.keys() - found.keys()),
        alien=len(found.keys() - expected.keys()),
        changed=sum(found.get(track, person) != person for track, person in expected.items()),
        doubled=sum(len(each) > 1 for each in persons.values()),
        reworded=_count_reworded(events),
    )


def _count_reworded(events: Sequence[Event]) -> int:
    reported: dict[UUID, set[str]] = {}
    for event in events:
        reported.setdefault(event.event_id, set()).add(event.model_dump_json())
    return sum(len(each) > 1 for each in reported.values())
