"""Persons as NVIDIA's `mdx-mtmc` messages, for consumers of Metropolis: what its multi-camera tracking would send.

One message says who one person is so far: all tracks that were recognised as that person, as behaviours. A consumer
keeps the newest message of each `globalId`, which is also the key, so that Kafka keeps them in order.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from passerby_events.schema import (
    Event,
    EventSighting,
    IdentityEvent,
    PersonErased,
    PersonMerged,
    PersonSplit,
    seen_before_of,
)
from passerby_events.times import Time

TOPIC = "mdx-mtmc"
PERSON = "Person"


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Behavior(_Message):
    """One track, as mdx spells it.

    Attributes:
        id: of the behaviour: sensor and object.
        sensorId: the camera.
        objectId: the track, which mdx knows by a text; with its run, since a restarted camera counts anew.
        objectType: what it is.
        timestamp, end: when it was first and last seen.
    """

    id: str
    sensorId: str  # noqa: N815 - the name on the wire
    objectId: str  # noqa: N815
    objectType: str = PERSON  # noqa: N815
    timestamp: Time
    end: Time


class MtmcMessage(_Message):
    """One person over all cameras, so far.

    Attributes:
        batchId: counts the messages of one adapter, from 0; a newer message has a larger one.
        globalId: the person.
        objectType: what it is.
        timestamp, end: when the person was first and last seen.
        matched: the person's tracks, in the order in which they were recognised; none if the person was erased, or
            was merged into another.
    """

    batchId: int  # noqa: N815
    globalId: str  # noqa: N815
    objectType: str = PERSON  # noqa: N815
    timestamp: Time
    end: Time
    matched: tuple[Behavior, ...]

    @property
    def key(self) -> bytes:
        return self.globalId.encode()


@dataclass(frozen=True, slots=True)
class MdxParams:
    """
    Attributes:
        forget_after_s: a person not seen for this long starts with no tracks when seen again; NVIDIA keeps state for
            600 s.
        most_persons: remember no more; the one who was not told of for longest is forgotten first.
        most_tracks: of one person; the oldest is left out first.
    """

    forget_after_s: float = 600.0
    most_persons: int = 100_000
    most_tracks: int = 200


@dataclass(frozen=True, slots=True)
class _Reported:
    """Who a track is, and the revision of it that says so."""

    revision: int
    person: UUID


class MdxAdapter:
    """Turns events into messages; feed it each event once, those of a person in order."""

    def __init__(self, params: MdxParams | None = None) -> None:
        self._params = params or MdxParams()
        self._matched: OrderedDict[UUID, OrderedDict[str, Behavior]] = OrderedDict()
        self._reported: dict[str, _Reported] = {}
        self._erased_s: OrderedDict[UUID, float] = OrderedDict()
        self._batch = 0

    def messages(self, event: Event) -> list[MtmcMessage]:
        """What is known, with this event, of whom it concerns: of one person; of both, if it is a merge or split.
        Nothing is known, whatever comes, of somebody who was erased.
        """
        if event.kind == "person.erased":
            self._erase(event)
            return [self._message(event.person, (), event.erased_at, event.erased_at)]
        tracks = self._matched.get(event.person)
        if tracks and event.seen.start - max(track.end for track in tracks.values()) > self._params.forget_after_s:
            self._forget(event.person)
        persons = dict.fromkeys(self._take(seen, event.person) for seen in _sightings(event))
        if event.kind == "person.merged" or (event.kind == "person.split" and event.other in self._matched):
            persons[event.other] = None
        return [self._so_far(person, event) for person in persons]

    def _take(self, seen: EventSighting, person: UUID) -> UUID:
        """Notes a sighting, and says whose it is: somebody else's, if an event came first that corrects this one."""
        behavior = _behavior(seen)
        reported = self._reported.pop(behavior.id, _Reported(-1, person))
        if reported.revision > seen.revision:
            person = reported.person
        before = self._matched.get(reported.person, OrderedDict())
        known = before.get(behavior.id)
        if person != reported.person:
            before.pop(behavior.id, None)
            if not before:
                self._matched.pop(reported.person, None)
        if person not in self._erased_s:
            self._reported[behavior.id] = _Reported(max(reported.revision, seen.revision), person)
            self._keep(person, _joined(known, behavior))
        return person

    def _keep(self, person: UUID, behavior: Behavior) -> None:
        tracks = self._matched.setdefault(person, OrderedDict())
        tracks[behavior.id] = behavior
        self._matched.move_to_end(person)
        while len(tracks) > self._params.most_tracks:
            oldest, _ = tracks.popitem(last=False)
            del self._reported[oldest]
        if len(self._matched) > self._params.most_persons:
            self._forget(next(iter(self._matched)))

    def _forget(self, person: UUID) -> None:
        for track in self._matched.pop(person, OrderedDict()):
            del self._reported[track]

    def _erase(self, event: PersonErased) -> None:
        self._forget(event.person)
        self._erased_s[event.person] = event.erased_at
        if len(self._erased_s) > self._params.most_persons:
            self._erased_s.popitem(last=False)

    def _so_far(self, person: UUID, event: IdentityEvent) -> MtmcMessage:
        if (erased_s := self._erased_s.get(person)) is not None:
            return self._message(person, (), erased_s, erased_s)
        tracks = tuple(self._matched.get(person, OrderedDict()).values())
        start_s = min((track.timestamp for track in tracks), default=event.seen.start)
        return self._message(person, tracks, start_s, max((track.end for track in tracks), default=event.seen.end))

    def _message(self, person: UUID, matched: tuple[Behavior, ...], start_s: float, end_s: float) -> MtmcMessage:
        self._batch += 1
        return MtmcMessage(batchId=self._batch - 1, globalId=str(person), timestamp=start_s, end=end_s, matched=matched)


def _sightings(event: IdentityEvent) -> Iterator[EventSighting]:
    if (before := seen_before_of(event)) is not None:
        yield before
    if isinstance(event, PersonMerged | PersonSplit):
        yield from event.moved
    yield event.seen


def _behavior(seen: EventSighting) -> Behavior:
    track = f"{seen.session}-{seen.track}"
    return Behavior(
        id=f"{seen.camera} #-# {track}", sensorId=seen.camera, objectId=track, timestamp=seen.start, end=seen.end
    )


def _joined(known: Behavior | None, now: Behavior) -> Behavior:
    """One behaviour over both stretches of a track."""
    if known is None:
        return now
    return now.model_copy(update={"timestamp": min(known.timestamp, now.timestamp), "end": max(known.end, now.end)})
