"""Who was where when, and why: the events of a site, held so that pages can be made of them.

One book for a running site and for a run that is over: what a page is made of has the same shape in both.
"""

import threading
from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from passerby_events.reasons import describe
from passerby_events.schema import (
    Event,
    EventSighting,
    PersonAppeared,
    PersonErased,
    PersonMatched,
    PersonMerged,
    PersonSplit,
    RunnerUp,
    TrackEnded,
    VerdictGiven,
    sightings_of,
)
from passerby_events.tracks import TrackKey
from pipeline.output.person_labels import colour_of, short_name
from pipeline.view.lines import Decision, Json, Page, Wanted, fits, is_about, line_of, name_of, why_not

MOST_EVENTS = 200_000
"""Decisions that are held; the oldest go first."""


@dataclass(slots=True, eq=False)
class _Track:
    """A track as far as it is known."""

    seen: EventSighting
    person: UUID
    is_open: bool = True
    start_s: float = 0.0
    end_s: float = 0.0


@dataclass(slots=True, eq=False)
class _Person:
    number: int
    tracks: dict[TrackKey, _Track] = field(default_factory=dict)


class Book:
    """Takes events in any order, and answers questions; from any thread.

    Args:
        most: decisions that are held.
        keep_s: tracks are forgotten so long after the newest was seen; None: never.
    """

    def __init__(self, *, most: int = MOST_EVENTS, keep_s: float | None = None) -> None:
        self._most = most
        self._keep_s = keep_s
        self._lock = threading.RLock()
        self._tracks: dict[TrackKey, _Track] = {}
        self._persons: dict[UUID, _Person] = {}
        self._numbers: dict[UUID, int] = {}
        self._decisions: dict[UUID, Decision] = {}
        self._order: list[tuple[float, int, UUID]] = []
        self._erased: set[UUID] = set()
        self._erased_tracks: set[TrackKey] = set()
        self._sessions: dict[str, tuple[float, str]] = {}
        self._newest_s = 0.0
        self._counter = self._named = 0
        self._listeners: list[Callable[[Event], None]] = []
        # Cameras that see nobody now: who was in front of one is not known to be there still.
        self.lost: frozenset[str] = frozenset()
        # Whether times are of a real clock; else they only say what was before what.
        self.is_real_time = False

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Tells of each event after it was taken, in the thread that brought it."""
        self._listeners.append(listener)

    def take(self, event: Event) -> None:
        """Learns what an event says; one that comes again changes nothing."""
        with self._lock:
            if event.event_id in self._decisions:
                return
            self._learn(event)
        for listener in self._listeners:
            listener(event)

    def _learn(self, event: Event) -> None:
        if isinstance(event, PersonErased):
            self._erase(event.person)
            return
        if event.person in self._erased:
            self._erased_tracks.update(seen.key for seen in sightings_of(event))
            return
        self._number(event.person)
        for seen in sightings_of(event):
            self._see(seen, event.person, is_end=isinstance(event, TrackEnded))
        if isinstance(event, TrackEnded):
            return
        self._counter += 1
        self._decisions[event.event_id] = event
        insort(self._order, (event.seen.end, self._counter, event.event_id))
        if len(self._order) > self._most:
            self._decisions.pop(self._order.pop(0)[2])

    def _see(self, seen: EventSighting, person: UUID, *, is_end: bool) -> None:
        if seen.key in self._erased_tracks:
            return
        self.is_real_time |= seen.clock != "container" or seen.start > 1e8
        self._newest_s = max(self._newest_s, seen.end)
        self._sessions[seen.camera] = max(self._sessions.get(seen.camera, (-1.0, "")), (seen.start, seen.session))
        track = self._tracks.get(seen.key)
        if track is None:
            track = self._tracks[seen.key] = _Track(seen, person, start_s=seen.start, end_s=seen.end)
            self._join(seen.key, track, person)
        elif seen.revision > track.seen.revision:
            self._leave(seen.key, track.person)
            track.person, track.seen = person, seen
            self._join(seen.key, track, person)
        track.start_s, track.end_s = min(track.start_s, seen.start), max(track.end_s, seen.end)
        track.is_open &= not is_end

    def _join(self, key: TrackKey, track: _Track, person: UUID) -> None:
        who = self._persons.get(person)
        if who is None:
            who = self._persons[person] = _Person(self._number(person))
        who.tracks[key] = track

    def _leave(self, key: TrackKey, person: UUID) -> None:
        who = self._persons.get(person)
        if who is not None:
            who.tracks.pop(key, None)
            if not who.tracks:
                del self._persons[person]

    def _number(self, person: UUID) -> int:
        """By the order in which persons were first named: who comes later changes nobody's colour."""
        number = self._numbers.setdefault(person, self._named)
        self._named = max(self._named, number + 1)
        return number

    def _erase(self, person: UUID) -> None:
        self._erased.add(person)
        gone = self._persons.pop(person, None)
        for key in gone.tracks if gone else ():
            del self._tracks[key]
            self._erased_tracks.add(key)
        for each in [id_ for id_, event in self._decisions.items() if is_about(event, person, self._erased_tracks)]:
            del self._decisions[each]
        self._order = [entry for entry in self._order if entry[2] in self._decisions]

    def forget(self) -> None:
        """Forgets what is past its time."""
        if self._keep_s is None:
            return
        with self._lock:
            oldest_s = self._newest_s - self._keep_s
            for key in [key for key, track in self._tracks.items() if track.end_s < oldest_s]:
                self._leave(key, self._tracks.pop(key).person)
            while self._order and self._order[0][0] < oldest_s:
                self._decisions.pop(self._order.pop(0)[2])
            self._numbers = {person: number for person, number in self._numbers.items() if person in self._persons}

    def person_of(self, track: TrackKey) -> UUID | None:
        with self._lock:
            found = self._tracks.get(track)
            return None if found is None else found.person

    def tracks_of(self, person: UUID) -> list[TrackKey]:
        with self._lock:
            found = self._persons.get(person)
            return [] if found is None else list(found.tracks)

    def gone(self) -> dict[str, Json]:
        """Those who are named and have no sightings any more, because they turned out to be somebody else."""
        with self._lock:
            there = self._numbers.keys() - self._persons.keys() - self._erased
            return {str(person): self._who(person) for person in there}

    def sighting(self, track: TrackKey) -> Json | None:
        """A sighting as pages have it; None if it is not known."""
        with self._lock:
            found = self._tracks.get(track)
            return None if found is None else self._sighting_line(track, found)

    def is_erased(self, track: TrackKey) -> bool:
        return track in self._erased_tracks

    def colour(self, person: UUID) -> str:
        with self._lock:
            return colour_of(self._number(person)).css

    def cameras(self) -> list[str]:
        with self._lock:
            return sorted(self._sessions)

    def span(self) -> tuple[float, float]:
        """When the first track began, and when the last one was seen."""
        with self._lock:
            starts = [track.start_s for track in self._tracks.values()]
            return min(starts, default=0.0), self._newest_s

    def counts(self) -> Json:
        """Of what there is."""
        with self._lock:
            kinds = [event.kind for event in self._decisions.values()]
            return {
                "persons": len(self._persons),
                "here": sum(self._is_here(person) for person in self._persons.values()),
                "in_several_cameras": sum(
                    len({key.camera for key in person.tracks}) > 1 for person in self._persons.values()
                ),
                "sightings": len(self._tracks),
                "matches": kinds.count("person.matched"),
                "merges": kinds.count("person.merged"),
                "splits": kinds.count("person.split"),
                "verdicts": kinds.count("verdict.given"),
            }

    def persons(self, wanted: Wanted, offset: int, limit: int) -> Page:
        """Persons: who is here, then who was seen last, first."""
        with self._lock:
            found = [(id_, person) for id_, person in self._persons.items() if self._is_wanted(id_, person, wanted)]
            found.sort(key=lambda each: (not self._is_here(each[1]), -_end_s(each[1]), each[1].number))
            return Page(len(found), [self._person_line(*each) for each in found[offset : offset + limit]])

    def person(self, person: UUID) -> Json | None:
        """Somebody, with all sightings and what was decided of them; None if nobody has that id."""
        with self._lock:
            found = self._persons.get(person)
            if found is None:
                return None
            tracks = sorted(found.tracks.items(), key=lambda each: each[1].start_s)
            decisions = [
                self.decision_line(event)
                for _, _, id_ in self._order
                if (event := self._decisions[id_]).person == person or getattr(event, "other", None) == person
            ]
            return {
                **self._person_line(person, found),
                "sightings": [self._sighting_line(key, track) for key, track in tracks],
                "decisions": decisions,
            }

    def sightings(self, wanted: Wanted, offset: int, limit: int) -> Page:
        """Sightings, the newest first."""
        with self._lock:
            found = [
                (key, track)
                for key, track in self._tracks.items()
                if wanted.fits(track.start_s, track.end_s)
                and wanted.camera in (None, key.camera)
                and wanted.person in (None, track.person)
                and (wanted.is_here is None or self._is_open(key, track) == wanted.is_here)
            ]
            found.sort(key=lambda each: (-each[1].end_s, each[0]))
            return Page(len(found), [self._sighting_line(*each) for each in found[offset : offset + limit]])

    def decisions(self, wanted: Wanted, offset: int, limit: int) -> Page:
        """What was decided, the newest first."""
        with self._lock:
            found = [event for _, _, id_ in reversed(self._order) if fits(event := self._decisions[id_], wanted)]
            return Page(len(found), [self.decision_line(event) for event in found[offset : offset + limit]])

    def decision(self, id_: UUID) -> Decision | None:
        with self._lock:
            return self._decisions.get(id_)

    def decision_line(self, event: Decision) -> Json:
        """A decision as pages have it."""
        with self._lock:
            line: Json = {
                "id": str(event.event_id),
                "kind": event.kind,
                "at": event.seen.end,
                "person": self._who(event.person),
                "seen": self._seen_line(event.seen),
            }
            match event:
                case PersonAppeared():
                    line["runners_up"] = [self._runner_up(each, None) for each in event.runners_up]
                case PersonMatched():
                    line |= self._why_matched(event)
                case PersonMerged() | PersonSplit():
                    line |= self._why_moved(event)
                case VerdictGiven():
                    line |= {
                        "verdict": event.verdict,
                        "effect": event.effect,
                        "similarity": event.similarity,
                        "seen_before": self._seen_line(event.seen_before),
                    }
            return line

    def _why_matched(self, event: PersonMatched) -> Json:
        return {
            "seen_before": self._seen_line(event.seen_before),
            "similarity": event.similarity,
            "probability": event.probability,
            "margin": event.margin,
            "threshold": event.threshold,
            "runners_up": [self._runner_up(each, event.similarity) for each in event.runners_up],
        }

    def _why_moved(self, event: PersonMerged | PersonSplit) -> Json:
        line: Json = {"other": self._who(event.other), "moved": len(event.moved)}
        if event.joined is not None:
            line |= {
                "seen_before": self._seen_line(event.joined.seen_before),
                "similarity": event.joined.similarity,
                "margin": event.joined.margin,
                "threshold": event.joined.threshold,
            }
        if isinstance(event, PersonSplit):
            line |= {"similarity_to_rest": event.similarity_to_rest, "reason": describe(event.reason)}
        return line

    def _runner_up(self, each: RunnerUp, chosen: float | None) -> Json:
        """Who it might have been, and what spoke against it: a rule, or how far behind the one that was chosen."""
        who: Json | None = None if each.person in self._erased else self._who(each.person)
        return {
            "person": who,
            "similarity": each.similarity,
            "ruled_out_by": None if each.ruled_out_by is None else each.ruled_out_by.code,
            "why": why_not(each, chosen),
            "sighting": None if who is None else self._last_sighting(each.person),
        }

    def _last_sighting(self, person: UUID) -> Json | None:
        found = self._persons.get(person)
        if found is None:
            return None
        key, track = max(found.tracks.items(), key=lambda each: each[1].end_s)
        return self._sighting_line(key, track)

    def _who(self, person: UUID) -> Json:
        return {"id": str(person), "name": short_name(person), "colour": colour_of(self._number(person)).css}

    def _seen_line(self, seen: EventSighting) -> Json:
        """A sighting of an event, as it is known now."""
        track = self._tracks.get(seen.key)
        if track is not None:
            return self._sighting_line(seen.key, track)
        return line_of(seen.key, seen.start, seen.end, is_open=False) | {"person": None}

    def _sighting_line(self, key: TrackKey, track: _Track) -> Json:
        line = line_of(key, track.start_s, track.end_s, is_open=self._is_open(key, track))
        return line | {"person": self._who(track.person), "box": [round(side, 1) for side in track.seen.box]}

    def _person_line(self, id_: UUID, person: _Person) -> Json:
        tracks = sorted(person.tracks.items(), key=lambda each: each[1].start_s)
        last_key = max(tracks, key=lambda each: each[1].end_s)[0]
        return {
            **self._who(id_),
            "number": person.number,
            "start": tracks[0][1].start_s,
            "end": _end_s(person),
            "is_here": self._is_here(person),
            "cameras": list(dict.fromkeys(key.camera for key, _ in tracks)),
            "sightings_count": len(tracks),
            "last": name_of(last_key),
            "stays": [
                [key.camera, track.start_s, track.end_s, self._is_open(key, track)] for key, track in tracks[-200:]
            ],
        }

    def _is_open(self, key: TrackKey, track: _Track) -> bool:
        """Whether somebody is in front of the camera still; one that was started anew has lost who was there, too."""
        session = self._sessions.get(key.camera, (0.0, key.session))[1]
        return track.is_open and session == key.session and key.camera not in self.lost

    def _is_here(self, person: _Person) -> bool:
        return any(self._is_open(key, track) for key, track in person.tracks.items())

    def _is_wanted(self, id_: UUID, person: _Person, wanted: Wanted) -> bool:
        if wanted.text is not None and not id_.hex.startswith(wanted.text) and not str(id_).startswith(wanted.text):
            return False
        if wanted.is_here is not None and self._is_here(person) != wanted.is_here:
            return False
        if wanted.several and len({key.camera for key in person.tracks}) < 2:
            return False
        return any(
            wanted.camera in (None, key.camera) and wanted.fits(track.start_s, track.end_s)
            for key, track in person.tracks.items()
        )


def take_all(book: Book, events: Iterable[Event]) -> Book:
    for event in events:
        book.take(event)
    return book


def _end_s(person: _Person) -> float:
    return max(track.end_s for track in person.tracks.values())
