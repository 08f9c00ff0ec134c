from pathlib import Path

import pytest

from passerby_events.errors import EventsError
from passerby_events.recordings import read_events
from pipeline.events.jsonlines import JsonLinesSink
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
