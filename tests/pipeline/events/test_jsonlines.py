import os
from pathlib import Path

import pytest

from passerby_events.errors import EventsError
from passerby_events.recordings import read_events
from pipeline.events.jsonlines import JsonLinesSink, keep_apart
from testing.events import a_match


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EventsError, match=r"expected to write events to .*file/events\.jsonl"):
        JsonLinesSink(tmp_path / "file" / "events.jsonl")


def test_a_second_run_goes_on_after_the_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with JsonLinesSink(path, append=True) as sink:
        sink.publish(a_match())
    with path.open("ab") as file:
        file.write(b'{"schema_version":1,"event_')
    with JsonLinesSink(path, append=True) as sink:
        sink.publish(a_match())
    assert len(list(read_events(path))) == 2


def test_events_of_earlier_runs_are_kept_apart_even_if_they_ended_in_the_same_second(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for run in ("first", "second"):
        path.write_text(run)
        os.utime(path, (1_800_000_000, 1_800_000_000))
        kept = keep_apart(path)
        assert kept is not None
        assert kept.read_text() == run
    assert {each.name for each in tmp_path.iterdir()} == {
        "events-20270115T080000Z.jsonl",
        "events-20270115T080000Z-2.jsonl",
    }


def test_where_nothing_was_written_nothing_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert keep_apart(path) is None
    path.touch()
    assert keep_apart(path) is None
    assert path.exists()
