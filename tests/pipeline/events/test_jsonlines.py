from pathlib import Path
from uuid import UUID

import pytest

from pipeline.events.jsonlines import JsonLinesSink, read_events, read_recording
from pipeline.events.schema import Event
from pipeline.events.sink import EventSinkError
from testing.pipeline_events import an_erasure, an_event


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EventSinkError, match=r"expected to write events to .*file/events\.jsonl"):
        JsonLinesSink(tmp_path / "file" / "events.jsonl")


@pytest.mark.parametrize("line", ["not json", "{}", '{"schema_version": 2}'])
def test_a_line_that_is_no_event_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(f"{an_event().model_dump_json()}\n{line}\n")
    with pytest.raises(EventSinkError, match=r"events\.jsonl:2: expected an event of schema v1"):
        list(read_events(path))


def test_a_missing_recording_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(EventSinkError, match="No such file"):
        list(read_events(tmp_path / "none.jsonl"))


def test_a_second_run_goes_on_after_the_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with JsonLinesSink(path, append=True) as sink:
        sink.publish(an_event())
    with path.open("ab") as file:
        file.write(b'{"schema_version":1,"event_')
    with JsonLinesSink(path, append=True) as sink:
        sink.publish(an_event())
    assert len(list(read_events(path))) == 2


def test_who_was_erased_is_in_the_recording_and_not_among_its_events(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    there = an_event().seen.model_copy(update={"track": 8})
    other = an_event().model_copy(update={"person": UUID(int=4), "seen": there})
    written: list[Event] = [an_event(), other, an_erasure(), an_event()]
    with JsonLinesSink(path) as sink:
        for event in written:
            sink.publish(event)
    assert [event.kind for event in read_recording(path)] == [event.kind for event in written]
    assert [event.person for event in read_events(path)] == [other.person]


def test_a_track_that_was_moved_to_somebody_who_was_erased_is_gone_under_its_earlier_name_too(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    moved = an_event().seen.model_copy(update={"revision": 1})
    merged = an_event().model_copy(
        update={"kind": "person.merged", "person": UUID(int=4), "other": an_event().person, "moved": (moved,)}
    )
    with JsonLinesSink(path) as sink:
        for event in (an_event(), merged, an_erasure(UUID(int=4))):
            sink.publish(event)
    assert list(read_events(path)) == []
