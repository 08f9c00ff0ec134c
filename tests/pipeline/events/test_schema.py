import json
from pathlib import Path
from uuid import UUID

import jsonschema
import pytest
from pydantic import ValidationError

from pipeline.events.schema import (
    IdentityEvent,
    PersonErased,
    Rival,
    Sighting,
    erasure_id,
    event_from,
    event_id,
    first_fault,
    person_id,
    rfc3339,
    schema_text,
)
from pipeline.records import TrackKey

PUBLISHED = Path(__file__).parents[3] / "docs" / "events.schema.json"


def an_event() -> IdentityEvent:
    key = TrackKey("yard", "r1", 7)
    return IdentityEvent(
        event_id=event_id("person.matched", "shop", key),
        kind="person.matched",
        site="shop",
        person=person_id("shop", TrackKey("door", "r1", 3)),
        camera="yard",
        seen=Sighting(
            camera="yard", run="r1", track=7, part=0, start=15.0, end=19.25, clock="receive", box=(1, 2, 3, 4.04)
        ),
        seen_before=Sighting(camera="door", run="r1", track=3, start=5, end=9, clock="receive"),
        similarity=0.98765432,
        margin=0.1,
        threshold=0.6,
        rivals=(Rival(person=UUID(int=5), similarity=0.4, ruled_out_by="no time to walk there"),),
        model_id="m@1",
    )


def an_erasure(person: UUID | None = None) -> PersonErased:
    erased = person or an_event().person
    return PersonErased(
        event_id=erasure_id("shop", erased, UUID(int=9)), site="shop", person=erased, erased_at=1795248000.5
    )


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
