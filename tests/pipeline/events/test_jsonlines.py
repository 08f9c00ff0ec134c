from pathlib import Path
from uuid import UUID

import pytest

from passerby_events.errors import EventsError
from passerby_events.recordings import read_events
from passerby_events.schema import Event
from pipeline.events.jsonlines import JsonLinesSink
from testing.events import a_match, an_appearance


def ids_in(path: Path) -> list[UUID]:
    return [event.event_id for event in read_events(path)]


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EventsError, match=r"expected to write events to .*file/events\.jsonl"):
        JsonLinesSink(tmp_path / "file" / "events.jsonl")


def test_a_matcher_goes_on_after_the_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with JsonLinesSink(path, append=True) as sink:
        sink.publish(a_match())
    with path.open("ab") as file:
        file.write(b'{"schema_version":1,"event_')
    with JsonLinesSink(path, append=True) as sink:
        sink.publish(an_appearance())
    assert ids_in(path) == [a_match().event_id, an_appearance().event_id]


def test_an_event_that_a_killed_matcher_could_not_acknowledge_is_not_written_twice(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    runs: list[list[Event]] = [[a_match(), an_appearance()], [a_match(), an_appearance()], [an_appearance()]]
    for events in runs:
        with JsonLinesSink(path, append=True) as sink:
            for event in events:
                sink.publish(event)
    assert ids_in(path) == [a_match().event_id, an_appearance().event_id]


def test_a_matcher_that_was_frozen_does_not_write_again_what_another_wrote_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with JsonLinesSink(path, append=True) as frozen, JsonLinesSink(path, append=True) as other:
        frozen.publish(a_match())
        for event in (a_match(), an_appearance()):
            other.publish(event)
        frozen.publish(an_appearance())
    assert ids_in(path) == [a_match().event_id, an_appearance().event_id]
