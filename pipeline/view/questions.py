"""What may be asked for in an address, checked before anything is looked up."""

from collections.abc import Iterable
from typing import Annotated, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from passerby_events.errors import PasserbyError
from pipeline.view.lines import Wanted

MOST_ITEMS = 500
_Q = TypeVar("_Q", bound=BaseModel)
Time = Annotated[float, Field(allow_inf_nan=False, ge=0, le=1e11)]
Camera = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
Offset = Annotated[int, Field(ge=0, le=10_000_000)]
Limit = Annotated[int, Field(ge=1, le=MOST_ITEMS)]
Kind = Literal["person.appeared", "person.matched", "person.merged", "person.split", "verdict.given"]
SightingName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}/[A-Za-z0-9_-]{1,100}/[0-9]{1,18}$")]


class QuestionError(PasserbyError):
    """An address, or a body, that asks for nothing that there is."""


class _Question(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class _Paged(_Question):
    offset: Offset = 0
    limit: Limit = 100


class PersonsQuestion(_Paged):
    """Which persons."""

    camera: Camera | None = None
    since: Time | None = None
    until: Time | None = None
    id: Annotated[str, Field(pattern=r"^[0-9a-f-]{1,36}$")] | None = None
    here: bool | None = None
    several: bool | None = None

    def wanted(self) -> Wanted:
        return Wanted(
            camera=self.camera,
            from_s=self.since,
            to_s=self.until,
            text=self.id,
            is_here=self.here,
            several=self.several,
        )


class SightingsQuestion(_Paged):
    """Which sightings."""

    camera: Camera | None = None
    since: Time | None = None
    until: Time | None = None
    person: UUID | None = None
    here: bool | None = None

    def wanted(self) -> Wanted:
        return Wanted(camera=self.camera, from_s=self.since, to_s=self.until, person=self.person, is_here=self.here)


class DecisionsQuestion(_Paged):
    """Which decisions."""

    camera: Camera | None = None
    since: Time | None = None
    until: Time | None = None
    person: UUID | None = None
    kind: Kind | None = None

    def wanted(self) -> Wanted:
        return Wanted(camera=self.camera, from_s=self.since, to_s=self.until, person=self.person, kind=self.kind)


class SearchQuestion(_Question):
    """How many persons, how similar; in the spirit of ONVIF's search by image, which names both so."""

    sighting: SightingName | None = None
    max_matches: Annotated[int, Field(ge=1, le=100)] = 12
    min_similarity: Annotated[float, Field(ge=-1, le=1)] = -1.0


class FrameQuestion(_Question):
    """Which frame; without a name the newest."""

    name: Annotated[str, Field(max_length=100)] | None = None


class AttentionQuestion(_Question):
    """Which of the network's words about where it looks; `attention` of `/site` has them."""

    of: Annotated[str, Field(max_length=100)]


class MomentQuestion(_Question):
    """Which moment, seconds since the epoch."""

    at: Time


class StreamQuestion(_Question):
    """At which cameras a page looks, by their names with commas between."""

    frames: Annotated[str, Field(max_length=10_000)] = ""


class NoQuestion(_Question):
    """Nothing can be asked for."""


class VerdictBody(_Question):
    """An operator's word: about a decision, or about any two sightings."""

    verdict: Literal["same", "different"]
    decision: UUID | None = None
    seen: SightingName | None = None
    seen_before: SightingName | None = None


class EraseBody(_Question):
    """The id once more, so that nobody is erased by a slip."""

    confirm: UUID


def ask(model: type[_Q], request: Request) -> _Q:
    """The question of an address.

    Raises:
        QuestionError: in one line.
    """
    pairs: Iterable[tuple[str, str]] = request.query_params.multi_items()
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            raise QuestionError(f"{name[:50]!r}: expected it once")
        fields[name] = value
    return checked(model, fields)


def checked(model: type[_Q], fields: object) -> _Q:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))[:60] or "body"
        raise QuestionError(f"{where}: {first['msg'].lower()[:200]}") from error
