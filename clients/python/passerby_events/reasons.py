"""Why somebody was ruled out, and why tracks left a person: codes with their parameters, for programs; `describe` makes
English of them, for people.

Gaps run from the end of the earlier track to the start of the later one; where two tracks overlap, they are negative.
What a site demands of them stands beside, with the tolerance for its clocks.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from passerby_events.record import Ratio, Record, Seconds


class SameCameraSameTime(Record):
    """Both tracks were in one camera at one time.

    Attributes:
        camera: which.
        gap_s: between the two tracks; null: the earlier one had not ended yet.
        min_gap_s: tracks of one person may overlap by as much, where a tracker holds two boxes on somebody for a while.
    """

    code: Literal["same_camera_same_time"] = "same_camera_same_time"
    camera: str
    gap_s: Seconds | None
    min_gap_s: Seconds


class TwoCamerasAtOnce(Record):
    """The tracks were in two cameras at one time that do not see the same ground.

    Attributes:
        cameras: of the earlier track, and of the later one.
        gap_s: between the two tracks.
        min_gap_s: what the site demands.
    """

    code: Literal["two_cameras_at_once"] = "two_cameras_at_once"
    cameras: tuple[str, str]
    gap_s: Seconds
    min_gap_s: Seconds


class TooFast(Record):
    """Nobody walks so fast.

    Attributes:
        cameras: of the earlier track, and of the later one.
        gap_s: between the two tracks.
        min_gap_s: the shortest walk between the two cameras.
    """

    code: Literal["too_fast"] = "too_fast"
    cameras: tuple[str, str]
    gap_s: Seconds
    min_gap_s: Seconds


class TooLate(Record):
    """The walk took too long.

    Attributes:
        cameras: of the earlier track, and of the later one.
        gap_s: between the two tracks.
        max_gap_s: the longest walk between the two cameras.
    """

    code: Literal["too_late"] = "too_late"
    cameras: tuple[str, str]
    gap_s: Seconds
    max_gap_s: Seconds


class WrongWay(Record):
    """Nobody walks from the one camera to the other: the way is one-way.

    Attributes:
        cameras: of the earlier track, and of the later one.
    """

    code: Literal["wrong_way"] = "wrong_way"
    cameras: tuple[str, str]


class Unlike(Record):
    """The tracks are too unlike the others of the person.

    Attributes:
        similarity: mean cosine over all pairs of the tracks that left and those that stayed.
        min_similarity: the least that would have let them stay.
    """

    code: Literal["unlike"] = "unlike"
    similarity: Ratio
    min_similarity: Ratio


class NearerToAnother(Record):
    """The tracks are nearer to another person.

    Attributes:
        lead: by how much, in mean cosine above threshold.
        min_lead: the least by which tracks go over to another person.
    """

    code: Literal["nearer_to_another"] = "nearer_to_another"
    lead: Ratio
    min_lead: Ratio


class OperatorVerdict(Record):
    """An operator said so."""

    code: Literal["operator_verdict"] = "operator_verdict"


_CODES = (
    "same_camera_same_time",
    "two_cameras_at_once",
    "too_fast",
    "too_late",
    "wrong_way",
    "unlike",
    "nearer_to_another",
    "operator_verdict",
)


class NewerReason(Record):
    """A reason that a newer Passerby gave, and this version does not know.

    Attributes:
        code: as it came.
    """

    code: Annotated[str, Field(json_schema_extra={"not": {"enum": list(_CODES)}})]


Contradiction: TypeAlias = SameCameraSameTime | TwoCamerasAtOnce | TooFast | TooLate | WrongWay
"""Two tracks that cannot be one person."""
Reason: TypeAlias = Contradiction | Unlike | NearerToAnother | OperatorVerdict | NewerReason


def _code(reason: object) -> str:
    code = reason.get("code") if isinstance(reason, dict) else getattr(reason, "code", None)
    return code if code in _CODES else "newer"


AnyReason = Annotated[
    Annotated[SameCameraSameTime, Tag("same_camera_same_time")]
    | Annotated[TwoCamerasAtOnce, Tag("two_cameras_at_once")]
    | Annotated[TooFast, Tag("too_fast")]
    | Annotated[TooLate, Tag("too_late")]
    | Annotated[WrongWay, Tag("wrong_way")]
    | Annotated[Unlike, Tag("unlike")]
    | Annotated[NearerToAnother, Tag("nearer_to_another")]
    | Annotated[OperatorVerdict, Tag("operator_verdict")]
    | Annotated[NewerReason, Tag("newer")],
    Discriminator(_code),
]
"""A reason as a field of a record: a union by `code`."""


def describe(reason: Reason) -> str:
    """A reason in a few words of English."""
    match reason:
        case SameCameraSameTime(camera=camera, gap_s=gap_s):
            return f"in {camera} at the same time" + ("" if gap_s is None else f", for {_seconds(-gap_s)}")
        case TwoCamerasAtOnce(cameras=(first, second), gap_s=gap_s):
            return f"in {first} and {second} at the same time, for {_seconds(-gap_s)}"
        case TooFast(gap_s=gap_s, min_gap_s=least_s):
            return f"{_way(reason.cameras)} in {_seconds(gap_s)}, at least {_seconds(least_s)} needed"
        case TooLate(gap_s=gap_s, max_gap_s=most_s):
            return f"{_way(reason.cameras)} in {_seconds(gap_s)}, at most {_seconds(most_s)} allowed"
        case WrongWay():
            return f"nobody walks {_way(reason.cameras)}"
        case Unlike(similarity=similarity, min_similarity=least):
            return f"too unlike the others: {similarity:.3f}, at least {least:.3f} needed"
        case NearerToAnother(lead=lead, min_lead=least):
            return f"nearer to another person by {lead:.3f}, at least {least:.3f} needed"
        case OperatorVerdict():
            return "an operator said so"
    return reason.code.replace("_", " ")


def _way(cameras: tuple[str, str]) -> str:
    return "from {} to {}".format(*cameras)


def _seconds(value_s: float) -> str:
    return f"{value_s:.1f} s"
