import json
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

import pytest

from passerby_events.errors import EventsError
from passerby_events.recordings import read_events, read_recording
from passerby_events.schema import Event
from testing.events import SOMEBODY, a_match, a_merge, an_end, an_erasure


def recorded(folder: Path, events: Iterable[Event], *more: str) -> Path:
    path = folder / "events.jsonl"
    path.write_text("\n".join([*(event.model_dump_json() for event in events), *more]) + "\n")
    return path


@pytest.mark.parametrize("line", ["not json", "{}", '{"schema_version": 2}'])
def test_a_line_that_is_no_event_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(EventsError, match=r"events\.jsonl:2: expected an event of schema v1"):
        list(read_recording(recorded(tmp_path, [a_match()], line)))


def test_a_kind_of_tomorrow_in_a_recording_asks_for_an_upgrade(tmp_path: Path) -> None:
    newer = json.dumps(json.loads(an_end().model_dump_json()) | {"kind": "person.greeted"})
    with pytest.raises(EventsError, match=r":2: .*found 'person.greeted', which a newer Passerby wrote: upgrade"):
        list(read_recording(recorded(tmp_path, [a_match()], newer)))


def test_a_missing_recording_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(EventsError, match="No such file"):
        list(read_events(tmp_path / "none.jsonl"))


def test_who_was_erased_is_in_the_recording_and_not_among_its_events(tmp_path: Path) -> None:
    other = a_match(8, UUID(int=4))
    written: list[Event] = [a_match(), other, an_erasure(), a_match()]
    path = recorded(tmp_path, written)
    assert [event.kind for event in read_recording(path)] == [event.kind for event in written]
    assert [event.person for event in read_events(path)] == [other.person]


def test_a_track_that_was_moved_to_somebody_who_was_erased_is_gone_under_its_earlier_name_too(tmp_path: Path) -> None:
    merged = a_merge(7, person=UUID(int=4), other=SOMEBODY)
    assert list(read_events(recorded(tmp_path, [a_match(), merged, an_erasure(UUID(int=4))]))) == []
