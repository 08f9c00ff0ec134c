import json
from typing import get_args

import pytest
from pydantic import TypeAdapter

from passerby_events.reasons import (
    AnyReason,
    NearerToAnother,
    NewerReason,
    OperatorVerdict,
    Reason,
    SameCameraSameTime,
    TooFast,
    TooLate,
    TwoCamerasAtOnce,
    Unlike,
    WrongWay,
    describe,
)

DESCRIBED: list[tuple[Reason, str]] = [
    (SameCameraSameTime(camera="door", gap_s=None, min_gap_s=0), "in door at the same time"),
    (SameCameraSameTime(camera="door", gap_s=-2, min_gap_s=-0.5), "in door at the same time, for 2.0 s"),
    (
        TwoCamerasAtOnce(cameras=("door", "yard"), gap_s=-3.24, min_gap_s=-0.5),
        "in door and yard at the same time, for 3.2 s",
    ),
    (TooFast(cameras=("door", "yard"), gap_s=2, min_gap_s=4.5), "from door to yard in 2.0 s, at least 4.5 s needed"),
    (
        TooLate(cameras=("door", "yard"), gap_s=200, max_gap_s=60),
        "from door to yard in 200.0 s, at most 60.0 s allowed",
    ),
    (WrongWay(cameras=("yard", "door")), "nobody walks from yard to door"),
    (Unlike(similarity=0.31, min_similarity=0.5), "too unlike the others: 0.310, at least 0.500 needed"),
    (NearerToAnother(lead=0.15, min_lead=0.1), "nearer to another person by 0.150, at least 0.100 needed"),
    (OperatorVerdict(), "an operator said so"),
    (NewerReason(code="other_shoes"), "other shoes"),
]
REASON: TypeAdapter[Reason] = TypeAdapter(AnyReason)
each_reason = pytest.mark.parametrize(("reason", "words"), DESCRIBED, ids=lambda each: getattr(each, "code", ""))


def test_every_reason_is_here() -> None:
    assert {type(reason) for reason, _ in DESCRIBED} == set(get_args(Reason))


@each_reason
def test_a_reason_is_told_to_people_in_a_few_words(reason: Reason, words: str) -> None:
    assert describe(reason) == words


@each_reason
def test_a_reason_reads_back_as_it_was_written(reason: Reason, words: str) -> None:
    read = REASON.validate_json(REASON.dump_json(reason))
    assert type(read) is type(reason)
    assert json.loads(REASON.dump_json(read)) == json.loads(REASON.dump_json(reason))
