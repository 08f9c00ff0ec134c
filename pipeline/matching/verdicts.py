"""What an operator says of two tracks, one person or two, carried out as a merge or a split that nothing takes back.

It is the operator's word: no rule of the site and no threshold is asked. The tracks that are moved, and the one that
they were compared with, count as moved as often as any may be, so that no later window moves them again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

import numpy as np

from passerby_events.reasons import OperatorVerdict
from passerby_events.tracks import TrackKey
from pipeline.events.ids import person_id
from pipeline.matching.gallery import Known
from pipeline.matching.identity_merge_split import IdentityMergeSplit
from pipeline.matching.merge_split import Agreement, Leaving
from pipeline.matching.search import rows_of
from pipeline.matching.sightings import Sighting, person_of

SETTLED = 1_000_000
"""Revisions: more than any track is moved by itself."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    Attributes:
        id: of the verdict.
        is_same: whether the two are one person.
        seen, seen_before: the two tracks; the first one leaves, if they are two persons.
        given_at: when, seconds since the epoch.
    """

    id: UUID
    is_same: bool
    seen: TrackKey
    seen_before: TrackKey
    given_at: float


class VerdictDesk(Protocol):
    """Where verdicts wait. Called from the matcher's thread."""

    def waiting(self) -> Sequence[Verdict]:
        """Those that are not settled, the oldest first."""
        ...

    def settle(self, verdicts: Sequence[Verdict]) -> None:
        """They are carried out, and committed; one that is handed out again does nothing."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class CarriedOut:
    """What became of a verdict.

    Attributes:
        verdict: it.
        seen, seen_before: the two tracks, as they are now.
        similarity: cosine of the two.
        change: the merge or split; None: they were one person, or two, already.
        settled: tracks that are as they were, but will not be moved by themselves any more.
    """

    verdict: Verdict
    seen: Sighting
    seen_before: Sighting
    similarity: float
    change: IdentityMergeSplit | None
    settled: tuple[Sighting, ...]


def carry_out(
    verdict: Verdict, known: Known, changed: dict[TrackKey, Sighting], site: str, threshold: float
) -> CarriedOut | None:
    """What follows from a verdict; None if one of the tracks is not remembered, or not decided yet.

    Args:
        verdict: see there.
        known: the tracks before the window.
        changed: those of the window, as they are now; not changed here.
        site: its name.
        threshold: what is demanded of the two cameras, for the event.
    """
    seen, before = (_track(key, known, changed) for key in (verdict.seen, verdict.seen_before))
    if seen is None or before is None or seen.person is None or before.person is None:
        return None
    similarity = float(seen.descriptor @ before.descriptor)
    is_one = seen.person == before.person
    if is_one == verdict.is_same:
        return CarriedOut(verdict, seen, before, similarity, None, ())
    if verdict.is_same:
        change, settled = _merged(seen, before, known, changed, similarity, threshold)
    else:
        change, settled = _split(seen, before, known, changed, site)
    moved = {sighting.track: sighting for sighting in (*change.moved, *settled)}
    return CarriedOut(
        verdict, moved.get(seen.track, seen), moved.get(before.track, before), similarity, change, settled
    )


def _track(key: TrackKey, known: Known, changed: dict[TrackKey, Sighting]) -> Sighting | None:
    if key in changed:
        return changed[key]
    row = known.index(key)
    return None if row is None else known.row(row)


def _tracks_of(person: UUID, known: Known, changed: dict[TrackKey, Sighting]) -> list[Sighting]:
    """All tracks of a person as they are now, in order of time."""
    number = known.number(person)
    rows = [] if number is None else rows_of(known.arrays.persons, np.array([number])).tolist()
    tracks = {known.row(row).track: known.row(row) for row in rows} | changed
    return sorted((s for s in tracks.values() if s.person == person), key=lambda s: (s.start_s, s.track))


def _settled(sighting: Sighting, person: UUID | None = None) -> Sighting:
    revision = sighting.revision + (1 if sighting.revision >= SETTLED else SETTLED)
    return replace(sighting, person=person or sighting.person, revision=revision)


def _merged(
    seen: Sighting,
    before: Sighting,
    known: Known,
    changed: dict[TrackKey, Sighting],
    similarity: float,
    threshold: float,
) -> tuple[IdentityMergeSplit, tuple[Sighting, ...]]:
    """Whoever came later is who came first."""
    groups = [_tracks_of(person_of(each), known, changed) for each in (before, seen)]
    stays, goes = sorted(groups, key=lambda tracks: (tracks[0].start_s, tracks[0].track))
    person, other = person_of(stays[0]), person_of(goes[0])
    moved = tuple(_settled(sighting, person) for sighting in goes)
    kept = tuple(_settled(sighting) for sighting in stays)
    now = {sighting.track: sighting for sighting in (*moved, *kept)}
    pair = (seen, before) if person_of(seen) == other else (before, seen)
    change = IdentityMergeSplit(
        kind="merged",
        moved=moved,
        person=person,
        other=other,
        joined=Agreement(0, similarity, threshold),
        margin=None,
        nearest=(now[pair[0].track], now[pair[1].track]),
        left=None,
    )
    return change, kept


def _split(
    seen: Sighting, before: Sighting, known: Known, changed: dict[TrackKey, Sighting], site: str
) -> tuple[IdentityMergeSplit, tuple[Sighting, ...]]:
    """The first track leaves, with those of its person that are more like it than like the other."""
    tracks = _tracks_of(person_of(seen), known, changed)
    goes = [s for s in tracks if s.track == seen.track or (s.track != before.track and _is_nearer(s, seen, before))]
    names = {s.track for s in goes}
    stays = [s for s in tracks if s.track not in names]
    first = goes[0]
    revision = _settled(first).revision
    person = person_id(site, first.track, revision)
    across = np.stack([s.descriptor for s in goes]) @ np.stack([s.descriptor for s in stays]).T
    change = IdentityMergeSplit(
        kind="split",
        moved=tuple(_settled(sighting, person) for sighting in goes),
        person=person,
        other=person_of(seen),
        joined=None,
        margin=None,
        nearest=None,
        left=Leaving(OperatorVerdict(), float(across.mean())),
    )
    return change, tuple(_settled(sighting) for sighting in stays)


def _is_nearer(sighting: Sighting, a: Sighting, b: Sighting) -> bool:
    return float(sighting.descriptor @ a.descriptor) > float(sighting.descriptor @ b.descriptor)


class MemoryVerdicts:
    """Verdicts of an operator of this process; from any thread."""

    def __init__(self) -> None:
        self._waiting: list[Verdict] = []

    def say(self, verdict: Verdict) -> None:
        self._waiting.append(verdict)

    def waiting(self) -> Sequence[Verdict]:
        return tuple(self._waiting)

    def settle(self, verdicts: Sequence[Verdict]) -> None:
        done = {verdict.id for verdict in verdicts}
        self._waiting[:] = [verdict for verdict in self._waiting if verdict.id not in done]
