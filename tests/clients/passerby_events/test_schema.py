import json
from uuid import UUID

import jsonschema
import pytest
from pydantic import BaseModel, ValidationError

from passerby_events.reasons import NewerReason
from passerby_events.schema import (
    KINDS,
    Event,
    PersonMatched,
    PersonSplit,
    event_from,
    first_fault,
    newer_kind,
    schema_text,
    seen_before_of,
    sightings_of,
)
from testing.events import RUN, a_match, a_merge, a_sighting, a_split, a_verdict, an_appearance, an_end, an_erasure
from testing.paths import ROOT

PUBLISHED = ROOT / "docs" / "events.schema.json"
EVERY: tuple[Event, ...] = (an_appearance(), a_match(), an_end(), a_merge(7, 8), a_split(), a_verdict(), an_erasure())
each_kind = pytest.mark.parametrize("event", EVERY, ids=lambda event: event.kind)


def published() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(schema_text()), format_checker=jsonschema.FormatChecker())


def test_the_published_schema_is_the_one_in_the_code() -> None:
    """If this fails on purpose, write it anew: `python -m passerby_events.schema > docs/events.schema.json`."""
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text()


def test_there_is_an_event_here_of_every_kind() -> None:
    assert tuple(event.kind for event in EVERY) == KINDS


@each_kind
def test_an_event_reads_back_as_it_was_written(event: Event) -> None:
    read = event_from(event.model_dump_json())
    assert type(read) is type(event)
    assert read.model_dump_json() == event.model_dump_json()


@each_kind
def test_an_event_as_written_fits_the_published_schema_and_would_with_more_fields(event: Event) -> None:
    written = json.loads(event.model_dump_json())
    published().validate(written)
    published().validate(written | {"a_field_of_tomorrow": 1})


@each_kind
def test_a_field_that_is_missing_does_not_fit_the_published_schema(event: Event) -> None:
    written = json.loads(event.model_dump_json())
    for name in written:
        without = {key: value for key, value in written.items() if key != name}
        assert not published().is_valid(without), name


@each_kind
def test_every_event_begins_with_what_all_have(event: Event) -> None:
    written = json.loads(event.model_dump_json())
    assert list(written)[:6] == ["schema_version", "event_id", "kind", "site", "run", "person"]


def test_each_kind_has_exactly_its_fields() -> None:
    envelope = {"schema_version", "event_id", "kind", "site", "run", "person"}
    fields = {event.kind: set(json.loads(event.model_dump_json())) - envelope for event in EVERY}
    moving = {"other", "moved", "seen", "joined", "model_id"}
    assert fields == {
        "person.appeared": {"seen", "runners_up", "model_id"},
        "person.matched": {
            *("seen", "seen_before", "similarity", "probability", "margin", "threshold", "runners_up", "model_id")
        },
        "track.ended": {"seen"},
        "person.merged": moving,
        "person.split": {*moving, "similarity_to_rest", "reason"},
        "verdict.given": {"verdict", "seen", "seen_before", "similarity", "effect", "given_at", "model_id"},
        "person.erased": {"erased_at"},
    }


@each_kind
def test_a_reader_passes_over_fields_that_it_does_not_know(event: Event) -> None:
    def with_more(value: object) -> object:
        if isinstance(value, dict):
            return {key: with_more(each) for key, each in value.items()} | {"a_field_of_tomorrow": {"kind": "x"}}
        return [with_more(each) for each in value] if isinstance(value, list) else value

    newer = json.dumps(with_more(json.loads(event.model_dump_json())))
    assert event_from(newer).model_dump_json() == event.model_dump_json()


@pytest.mark.parametrize("record", [*EVERY, a_sighting()], ids=lambda record: type(record).__name__)
def test_a_writer_cannot_make_a_record_with_a_field_that_it_has_not(record: BaseModel) -> None:
    with pytest.raises(ValidationError, match="surprise\\n  Extra inputs are not permitted"):
        type(record)(**dict(record), surprise=1)


def test_a_reason_of_a_newer_passerby_is_read_by_its_code() -> None:
    written = json.loads(a_split().model_dump_json())
    newer = written | {"reason": {"code": "other_shoes", "pairs": 2}}
    published().validate(newer)
    read = event_from(json.dumps(newer))
    assert isinstance(read, PersonSplit)
    assert read.reason == NewerReason(code="other_shoes")


def test_an_event_of_a_kind_of_tomorrow_is_told_from_what_is_no_event() -> None:
    newer = json.loads(an_end().model_dump_json()) | {"kind": "person.greeted"}
    with pytest.raises(ValidationError):
        event_from(json.dumps(newer))
    assert newer_kind(json.dumps(newer)) == "person.greeted"
    assert newer_kind(json.dumps(newer | {"schema_version": 2})) is None
    assert newer_kind(an_end().model_dump_json()) is None
    assert newer_kind(b'{"kind": "person.greeted"}') is None
    assert newer_kind(b"not json") is None


def test_an_erasure_says_who_and_when_and_nothing_else() -> None:
    assert json.loads(an_erasure(UUID(int=3)).model_dump_json()) == {
        "schema_version": 1,
        "event_id": str(UUID(int=6003)),
        "kind": "person.erased",
        "site": "shop",
        "run": str(RUN),
        "person": str(UUID(int=3)),
        "erased_at": "2026-11-21T08:00:00.500Z",
    }


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "the whole: invalid json: eof while parsing an object at line 1 column 1"),
        ("{}", "kind: expected person.appeared, "),
        ('{"kind": "a secret"}', "kind: expected person.appeared, "),
        ('{"kind": "person.erased", "person": "a secret"}', "event_id: field required"),
        ('{"kind": "track.ended", "event_id": "a secret"}', "event_id: input should be a valid uuid"),
    ],
)
def test_what_departs_from_the_schema_is_said_without_its_values(line: str, fault: str) -> None:
    with pytest.raises(ValidationError) as caught:
        event_from(line)
    assert first_fault(caught.value).startswith(fault)
    assert "secret" not in first_fault(caught.value)


def test_numbers_are_rounded_on_the_wire() -> None:
    written = json.loads(a_match().model_dump_json())
    assert written["seen"]["end"] == "1970-01-01T00:00:19.250Z"
    assert written["similarity"] == 0.9877
    assert written["seen"]["box"] == [1, 2, 3, 4]


@pytest.mark.parametrize("wrong", ["NaN", "1e300", '"1970-01-01T00:00:15"', "-1"])
def test_a_time_that_is_none_is_refused(wrong: str) -> None:
    content = a_match().model_dump_json().replace('"1970-01-01T00:00:15.000Z"', wrong)
    with pytest.raises(ValidationError):
        event_from(content)


def test_a_merge_or_split_moves_at_least_one_track() -> None:
    with pytest.raises(ValidationError, match="moved"):
        type(a_merge())(**{**dict(a_merge()), "moved": ()})


def test_the_sightings_of_an_event_are_those_that_tell_who_a_track_is() -> None:
    match, merge = a_match(), a_merge(7, 8)
    assert isinstance(match, PersonMatched)
    assert sightings_of(match) == (match.seen,)
    assert sightings_of(merge) == (merge.seen, *merge.moved)
    assert sightings_of(an_erasure()) == ()


def test_the_sighting_that_an_event_compares_with_is_found_in_each_kind() -> None:
    found = [seen_before_of(event) for event in EVERY]
    assert [seen and seen.track for seen in found] == [None, 3, None, 3, 4, None, None]
