"""Persons as NVIDIA's `mdx-mtmc` messages, for consumers of Metropolis: what its multi-camera tracking would send.

One message says who one person is so far: all tracks that were recognised as that person, as behaviours. A consumer
keeps the newest message of each `globalId`, which is also the key, so that Kafka keeps them in order.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from pipeline.events.schema import Event, IdentityEvent, PersonErased, Sighting, Time

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
        matched: the person's tracks, in the order in which they were recognised; none if the person was erased.
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


class MdxAdapter:
    """Turns events into messages, one for one; feed it the events of a partition in order."""

    def __init__(self, params: MdxParams | None = None) -> None:
        self._params = params or MdxParams()
        self._matched: OrderedDict[UUID, OrderedDict[str, Behavior]] = OrderedDict()
        self._erased_s: OrderedDict[UUID, float] = OrderedDict()
        self._batch = 0

    def message(self, event: Event) -> MtmcMessage:
        """What is known of the event's person with this event; nothing, once the person was erased, whatever comes."""
        if event.kind == "person.erased":
            self._erase(event)
            return self._message(event.person, (), event.erased_at, event.erased_at)
        if (erased_s := self._erased_s.get(event.person)) is not None:
            return self._message(event.person, (), erased_s, erased_s)
        matched = self._so_far(event)
        return self._message(
            event.person,
            tuple(matched.values()),
            min(track.timestamp for track in matched.values()),
            max(track.end for track in matched.values()),
        )

    def _so_far(self, event: IdentityEvent) -> OrderedDict[str, Behavior]:
        matched = self._matched.pop(event.person, OrderedDict())
        if matched and event.seen.start - max(track.end for track in matched.values()) > self._params.forget_after_s:
            matched = OrderedDict()
        for seen in _sightings(event):
            behavior = _behavior(seen)
            matched[behavior.id] = _joined(matched.get(behavior.id), behavior)
        while len(matched) > self._params.most_tracks:
            matched.popitem(last=False)
        self._matched[event.person] = matched
        if len(self._matched) > self._params.most_persons:
            self._matched.popitem(last=False)
        return matched

    def _erase(self, event: PersonErased) -> None:
        self._matched.pop(event.person, None)
        self._erased_s[event.person] = event.erased_at
        if len(self._erased_s) > self._params.most_persons:
            self._erased_s.popitem(last=False)

    def _message(self, person: UUID, matched: tuple[Behavior, ...], start_s: float, end_s: float) -> MtmcMessage:
        self._batch += 1
        return MtmcMessage(batchId=self._batch - 1, globalId=str(person), timestamp=start_s, end=end_s, matched=matched)


def _sightings(event: IdentityEvent) -> Iterator[Sighting]:
    if event.seen_before is not None:
        yield event.seen_before
    yield event.seen


def _behavior(seen: Sighting) -> Behavior:
    track = f"{seen.run}-{seen.track}"
    return Behavior(
        id=f"{seen.camera} #-# {track}", sensorId=seen.camera, objectId=track, timestamp=seen.start, end=seen.end
    )


def _joined(known: Behavior | None, now: Behavior) -> Behavior:
    """One behaviour over both stretches of a track."""
    if known is None:
        return now
    return now.model_copy(update={"timestamp": min(known.timestamp, now.timestamp), "end": max(known.end, now.end)})
