"""Schema v1 of the events: what consumers may rely on. `docs/events.schema.json` is this file as JSON Schema.

Ids are made from what the event is about (uuid5), not drawn: the same footage gives the same bytes, and an event
that is sent twice is recognised by its id.
"""

import json
import sys
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Literal, TypeAlias, get_args
from uuid import UUID, uuid5

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, TypeAdapter, ValidationError

from pipeline.records import Clock, TrackKey

NAMESPACE = UUID("6f0f4a52-51f5-5d2c-9a77-0d4b0c5d8a31")
"""Of every uuid5 that Passerby makes."""
SCHEMA_ID = "urn:passerby:identity-event:v1"
"""The name of the published schema, which CloudEvents carry as `dataschema`."""
LONGEST_NAME = 200
"""Characters of the place of a fault."""
LAST_TIME_S = 253_402_300_799.0
"""The end of the year 9999, the last that RFC 3339 can write; seconds since the epoch."""

Kind = Literal["person.appeared", "person.matched", "person.merged", "person.split", "track.ended"]


def rfc3339(time_s: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC, to the millisecond."""
    second, millisecond = divmod(round(1000 * round(time_s, 3)), 1000)
    return f"{_rfc3339_second(second)}.{millisecond:03d}Z"


@lru_cache(maxsize=1024)
def _rfc3339_second(second: int) -> str:
    """Many events share a second, and to write one out takes longer than all the rest of a time."""
    return datetime.fromtimestamp(second, UTC).isoformat().removesuffix("+00:00")


def _rounded(digits: int) -> PlainSerializer:
    return PlainSerializer(lambda value: round(value, digits), return_type=float)


def _seconds(value: object) -> object:
    return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else value


Time = Annotated[
    float,
    Field(ge=0, le=LAST_TIME_S),
    BeforeValidator(_seconds, json_schema_input_type=str),
    PlainSerializer(rfc3339, return_type=str),
    Field(json_schema_extra={"format": "date-time"}, description="RFC 3339, UTC, milliseconds"),
]
Ratio = Annotated[float, _rounded(4)]
Pixels = Annotated[float, _rounded(1)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class EventSighting(_Record):
    """Where and when somebody was seen.

    Attributes:
        camera, run, track: which track (see `TrackKey`).
        tracklet_index: which stretch of the track; null where the whole track is meant.
        start, end: of the stretch, or of the whole track.
        clock: whose clock the times are.
        box: x1 y1 x2 y2 in pixels, where the person stood in the best image of the stretch.
        revision: how often it was said anew who this track is. Of all events about a track, those with the highest say
            who it is, in whatever order they come.
    """

    camera: str
    run: str
    track: int
    tracklet_index: int | None = None
    start: Time
    end: Time
    clock: Clock
    box: tuple[Pixels, Pixels, Pixels, Pixels] | None = None
    revision: int = Field(0, ge=0)

    @property
    def key(self) -> TrackKey:
        return TrackKey(self.camera, self.run, self.track)


class RunnerUp(_Record):
    """Another person who looked similar, and why it was not that one.

    Attributes:
        person: who it might have been.
        similarity: cosine to the nearest of that person's tracks.
        ruled_out_by: the constraint that made it impossible; null if it was only less similar.
    """

    person: UUID
    similarity: Ratio
    ruled_out_by: str | None = None


class IdentityEvent(_Record):
    """One thing that the site learnt about one person.

    Attributes:
        schema_version: 1; raised when a consumer of the old one would be misled.
        event_id: made from kind and track, so that an event sent twice is recognised.
        kind: `person.appeared` (seen for the first time), `person.matched` (a new track is somebody known),
            `track.ended` (the person left this camera's view); and merges and splits: `person.merged` (`other` is this
            person too, and is no more), `person.split` (some tracks of `other` are this person, who may be new).
        site: name of the site.
        person: the identity, the same in all cameras.
        camera: the camera of `seen`.
        seen: the sighting that the event is about.
        seen_before: for `person.matched`, the earlier sighting that it was recognised by; for merges and splits, the
            one of this person that is most similar to `seen`.
        other: for merges and splits, who the moved tracks were taken for.
        moved: for merges and splits, the tracks that are this person from now on.
        similarity: cosine between the two sightings; for merges and splits, the mean over all pairs of moved tracks and
            those of this person; null if that is somebody new.
        probability: that they are one person, if the site is calibrated.
        margin: by how much the similarity exceeds that of the next person who was possible.
        threshold: the similarity that was demanded.
        runners_up: the most similar others, at most three; for `person.split`, `other`, with the mean similarity to
            those of its tracks that stay.
        model_id: the network behind the similarity.
    """

    schema_version: Literal[1] = 1
    event_id: UUID
    kind: Kind
    site: str
    person: UUID
    camera: str
    seen: EventSighting
    seen_before: EventSighting | None = None
    other: UUID | None = None
    moved: tuple[EventSighting, ...] = ()
    similarity: Ratio | None = None
    probability: Ratio | None = None
    margin: Ratio | None = None
    threshold: Ratio | None = None
    runners_up: tuple[RunnerUp, ...] = ()
    model_id: str


class PersonErased(_Record):
    """A person was erased: whoever keeps anything under this id deletes it, and passes over what may still come of it.

    The event says nothing else of the person. The id is never given to anybody again.

    Attributes:
        schema_version: see `IdentityEvent`.
        event_id: made from the person and the request.
        kind: `person.erased`.
        site: name of the site.
        person: the identity that is no more.
        erased_at: when, by the clock of whoever decides for the site.
    """

    schema_version: Literal[1] = 1
    event_id: UUID
    kind: Literal["person.erased"] = "person.erased"
    site: str
    person: UUID
    erased_at: Time


Event: TypeAlias = IdentityEvent | PersonErased
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def event_from(content: bytes | str) -> Event:
    """An event from its JSON; raises ValidationError if it is none."""
    return _EVENT.validate_json(content)


def erasure_id(site: str, person: UUID, request: UUID) -> UUID:
    """A person is erased once for each request that names it."""
    return uuid5(NAMESPACE, f"{site}/{person}/person.erased/{request}")


def event_id(kind: Kind, site: str, track: TrackKey, revision: int = 0) -> UUID:
    """A track appears, is matched and ends at most once, so kind and track name the event; a merge or split is named
    after the first track that it moves, and the revision that this brings it to.
    """
    return uuid5(NAMESPACE, f"{site}/{track}/{kind}" + (f"/{revision}" if revision else ""))


def person_id(site: str, first: TrackKey, revision: int = 0) -> UUID:
    """A person is named after the first track that nobody known was recognised in; one who came of a split, after the
    first track that was moved, and the revision that this brought it to. No id is used again.
    """
    return uuid5(NAMESPACE, f"{site}/{first}" + (f"/{revision}" if revision else ""))


def schema_text() -> str:
    """The JSON Schema of an event as it is written, ready for `docs/events.schema.json`."""
    schema = _EVENT.json_schema(mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["$id"] = SCHEMA_ID
    return json.dumps(schema, indent=2) + "\n"


def first_fault(error: ValidationError) -> str:
    """Where JSON first departs from the schema of events, and how, in a few words that never repeat its values, nor all
    of a long name."""
    first = error.errors(include_input=False, include_url=False)[0]
    if first["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return f"kind: expected {', '.join(get_args(Kind))} or person.erased"
    where = ".".join(map(str, first["loc"][1:]))[:LONGEST_NAME] or "the whole"
    return f"{where}: {first['msg'].lower()}"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
