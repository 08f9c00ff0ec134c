"""Schema v1 of the events: what consumers may rely on. `docs/events.schema.json` is this file as JSON Schema.

An event is a union by `kind`, and each kind has exactly its fields. A reader passes over fields that it does not know.
"""

import json
import sys
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError

from passerby_events.reasons import AnyReason
from passerby_events.record import Pixels, Ratio, Record
from passerby_events.times import Time
from passerby_events.tracks import Clock, TrackKey

SCHEMA_ID = "urn:passerby:identity-event:v1"
"""The name of the published schema, which CloudEvents carry as `dataschema`."""
LONGEST_NAME = 200
"""Characters of the place of a fault."""


class EventSighting(Record):
    """Where and when somebody was seen.

    Attributes:
        camera, session, track: which track (see `TrackKey`).
        tracklet_index: which stretch of the track; null where the whole track is meant.
        start, end: of the stretch, or of the whole track.
        clock: whose clock the times are.
        box: x1 y1 x2 y2 in pixels, where the person stood in the best frame of the newest stretch.
        quality: in [0, 1], how well its best crops show the person; below 0.5 something speaks against all: they are
            small, blurred, half hidden or at the edge.
        revision: how often it was said anew who this track is. Of all events about a track, those with the highest say
            who it is, in whatever order they come.
    """

    camera: str
    session: str
    track: int
    tracklet_index: int | None
    start: Time
    end: Time
    clock: Clock
    box: tuple[Pixels, Pixels, Pixels, Pixels]
    quality: float = Field(1.0, ge=0, le=1)
    revision: int = Field(0, ge=0)

    @property
    def key(self) -> TrackKey:
        return TrackKey(self.camera, self.session, self.track)


class RunnerUp(Record):
    """Another person who looked similar, and why it was not that one.

    Attributes:
        person: who it might have been.
        similarity: cosine to the nearest of that person's tracks.
        ruled_out_by: what made it impossible; null if it was only less similar.
    """

    person: UUID
    similarity: Ratio
    ruled_out_by: AnyReason | None


class Envelope(Record):
    """What every event has, those of kinds included that a newer Passerby may add.

    Attributes:
        schema_version: 1; raised when a consumer of the old one would be misled.
        event_id: made from what the event is about, so that an event sent twice is recognised.
        kind: what happened.
        site: name of the site.
        run: id of the run whose gallery gave the persons their ids. A gallery that starts empty, or that
            Redis has lost something of, is another run; the
            same recordings again are the same run, with the same persons.
        person: the identity, the same in all cameras.
    """

    schema_version: Literal[1] = 1
    event_id: UUID
    kind: str
    site: str
    run: UUID
    person: UUID


class PersonAppeared(Envelope):
    """Somebody was seen for the first time.

    Attributes:
        seen: the track, by its newest stretch.
        runners_up: the most similar of those who are known, at most three.
        model_id: the network behind the similarities.
    """

    kind: Literal["person.appeared"] = "person.appeared"
    seen: EventSighting
    runners_up: tuple[RunnerUp, ...]
    model_id: str


class PersonMatched(Envelope):
    """A new track is somebody known.

    Attributes:
        seen: the track, by its newest stretch.
        seen_before: the earlier track that it was recognised by.
        similarity: cosine between the two.
        probability: that they are one person, by the site's calibration, or else by the encoder's own curve; null where
            there is neither.
        margin: by how much the similarity, above threshold, exceeds that of the next person who was possible; null if
            there was none.
        threshold: the similarity that was demanded.
        runners_up: the most similar others, at most three.
        model_id: the network behind the similarities.
    """

    kind: Literal["person.matched"] = "person.matched"
    seen: EventSighting
    seen_before: EventSighting
    similarity: Ratio
    probability: Ratio | None
    margin: Ratio | None
    threshold: Ratio
    runners_up: tuple[RunnerUp, ...]
    model_id: str


class TrackEnded(Envelope):
    """The person left this camera's view.

    Attributes:
        seen: the whole track.
    """

    kind: Literal["track.ended"] = "track.ended"
    seen: EventSighting


class Joined(Record):
    """How tracks agree with the person whom they joined.

    Attributes:
        seen_before: the track of that person that is most like the `seen` of the event.
        similarity: the mean cosine over all pairs of moved tracks and those of that person.
        margin: by how much the similarity, above threshold, exceeds that of the next person who was possible; null if
            there was none.
        threshold: the mean of what was demanded of the pairs.
    """

    seen_before: EventSighting
    similarity: Ratio
    margin: Ratio | None
    threshold: Ratio


class PersonMerged(Envelope):
    """Two persons turned out to be one: `other` is this person too, and is no more.

    Attributes:
        other: who the moved tracks were taken for.
        moved: all tracks of `other`; where they are more than 500, several events name them.
        seen: the moved track that is most like one of this person's.
        joined: what speaks for it.
        model_id: the network behind the similarities.
    """

    kind: Literal["person.merged"] = "person.merged"
    other: UUID
    moved: tuple[EventSighting, ...] = Field(min_length=1)
    seen: EventSighting
    joined: Joined
    model_id: str


class PersonSplit(Envelope):
    """Some tracks of `other` turned out to be this person, who may be new.

    Attributes:
        other: who the moved tracks were taken for.
        moved: the tracks that are this person from now on; where they are more than 500, several events name them.
        seen: the moved track that is most like one of this person's; the first of them if that is somebody new.
        similarity_to_rest: the mean cosine over all pairs of moved tracks and those that stay with `other`.
        reason: why they left.
        joined: what speaks for this person; null if that is somebody new.
        model_id: the network behind the similarities.
    """

    kind: Literal["person.split"] = "person.split"
    other: UUID
    moved: tuple[EventSighting, ...] = Field(min_length=1)
    seen: EventSighting
    similarity_to_rest: Ratio
    reason: AnyReason
    joined: Joined | None
    model_id: str


class VerdictGiven(Envelope):
    """An operator said of two tracks whether they are one person. What follows from it for others of their tracks is
    told in events of its own, a `person.merged` or a `person.split`.

    Attributes:
        verdict: what the operator said.
        seen: the one track, and its person after the verdict.
        seen_before: the other one.
        similarity: cosine between the two.
        effect: what followed from it; `none`: it was so already.
        given_at: when, by the clock of the view.
        model_id: the network behind the similarity.
    """

    kind: Literal["verdict.given"] = "verdict.given"
    verdict: Literal["same", "different"]
    seen: EventSighting
    seen_before: EventSighting
    similarity: Ratio
    effect: Literal["none", "merged", "split"]
    given_at: Time
    model_id: str


class PersonErased(Envelope):
    """A person was erased: whoever keeps anything under this id, whatever the run, deletes it, and passes over what may
    still come of it. The event says nothing else of the person. The id is never given to anybody again.

    Attributes:
        erased_at: when, by the clock of whoever decides for the site.
    """

    kind: Literal["person.erased"] = "person.erased"
    erased_at: Time


MergeSplit: TypeAlias = PersonMerged | PersonSplit
"""An earlier decision is taken back."""
IdentityEvent: TypeAlias = PersonAppeared | PersonMatched | TrackEnded | PersonMerged | PersonSplit | VerdictGiven
"""What tells of tracks: every event but an erasure."""
Event: TypeAlias = IdentityEvent | PersonErased
KINDS = (
    "person.appeared",
    "person.matched",
    "track.ended",
    "person.merged",
    "person.split",
    "verdict.given",
    "person.erased",
)
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def event_from(content: bytes | str) -> Event:
    """An event from its JSON, without the fields that this version does not know; raises ValidationError if it is none,
    or of a kind that this version does not know."""
    return _EVENT.validate_json(content, extra="ignore")


def newer_kind(content: bytes | str) -> str | None:
    """The kind of an event that a newer Passerby wrote, and this version does not know; None if it is no such event.

    A reader may pass over it: a kind that it must not miss comes with another `schema_version`.
    """
    try:
        kind = Envelope.model_validate_json(content, extra="ignore").kind
    except ValidationError:
        return None
    return None if kind in KINDS else kind


def sightings_of(event: Event) -> tuple[EventSighting, ...]:
    """The sightings that an event says are its person's: what tells who each track is."""
    match event:
        case PersonErased():
            return ()
        case PersonMerged() | PersonSplit():
            return (event.seen, *event.moved)
        case _:
            return (event.seen,)


def seen_before_of(event: Event) -> EventSighting | None:
    """The earlier sighting of its person that an event compares with; None where there is none."""
    match event:
        case PersonMatched():
            return event.seen_before
        case PersonMerged() | PersonSplit():
            return None if event.joined is None else event.joined.seen_before
        case _:
            return None


def _open(schema: Any) -> Any:
    """A JSON Schema that allows fields which a newer Passerby may add."""
    if isinstance(schema, list):
        return [_open(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _open(value) for key, value in schema.items() if key != "additionalProperties"}


def schema_text() -> str:
    """The JSON Schema of an event as it is written, ready for `docs/events.schema.json`."""
    schema = _open(_EVENT.json_schema(mode="serialization"))
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["$id"] = SCHEMA_ID
    return json.dumps(schema, indent=2) + "\n"


def first_fault(error: ValidationError) -> str:
    """Where JSON first departs from the schema of events, and how, in a few words that never repeat its values, nor all
    of a long name."""
    first = error.errors(include_input=False, include_url=False)[0]
    if first["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return f"kind: expected {', '.join(KINDS)}"
    where = ".".join(map(str, first["loc"][1:]))[:LONGEST_NAME] or "the whole"
    return f"{where}: {first['msg'].lower()}"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
