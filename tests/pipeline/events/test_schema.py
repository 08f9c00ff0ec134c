import json
from uuid import UUID

import jsonschema
import pytest
from pydantic import ValidationError

from pipeline.events.schema import (
    IdentityEvent,
    erasure_id,
    event_from,
    event_id,
    first_fault,
    person_id,
    rfc3339,
    schema_text,
)
from pipeline.records import TrackKey
from testing.paths import ROOT
from testing.pipeline_events import an_erasure, an_event

PUBLISHED = ROOT / "docs" / "events.schema.json"


def test_the_published_schema_is_the_one_in_the_code() -> None:
    """If this fails on purpose, write it anew with `python -m pipeline.events.schema > docs/events.schema.json`."""
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text()


def test_an_event_as_written_fits_the_published_schema() -> None:
    schema = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    for event in (an_event(), an_erasure()):
        written = json.loads(event.model_dump_json())
        jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(written)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(written | {"surprise": 1}, schema)


def test_an_event_reads_back_as_it_was_written() -> None:
    for event in (an_event(), an_erasure()):
        read = event_from(event.model_dump_json())
        assert type(read) is type(event)
        assert read.model_dump_json() == event.model_dump_json()


def test_an_erasure_says_who_and_when_and_nothing_else() -> None:
    assert json.loads(an_erasure(UUID(int=3)).model_dump_json()) == {
        "schema_version": 1,
        "event_id": str(erasure_id("shop", UUID(int=3), UUID(int=9))),
        "kind": "person.erased",
        "site": "shop",
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


def test_times_are_utc_to_the_millisecond_and_ratios_to_four_digits() -> None:
    written = json.loads(an_event().model_dump_json())
    assert written["seen"]["end"] == "1970-01-01T00:00:19.250Z"
    assert written["similarity"] == 0.9877
    assert written["seen"]["box"] == [1, 2, 3, 4]
    assert rfc3339(1795248000.0004) == "2026-11-21T08:00:00.000Z"
    assert rfc3339(1795248000.9996) == "2026-11-21T08:00:01.000Z"


def test_ids_tell_tracks_and_kinds_apart_and_are_the_same_every_time() -> None:
    track, other = TrackKey("yard", "r1", 7), TrackKey("yard", "r1", 8)
    ids = {
        event_id("person.matched", "shop", track),
        event_id("track.ended", "shop", track),
        event_id("person.matched", "shop", other),
        event_id("person.matched", "mall", track),
        person_id("shop", track),
    }
    assert len(ids) == 5
    assert event_id("track.ended", "shop", track) == UUID("4c8eff43-c700-5e19-b8f2-6bf3c8e6a882")


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="surprise"):
        IdentityEvent.model_validate(an_event().model_dump() | {"surprise": 1})
