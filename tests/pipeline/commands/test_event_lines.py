"""Events as people read them."""

import io
import time
from collections.abc import Iterator

import pytest
from rich.console import Console

from passerby_events.schema import Event
from pipeline.commands.event_lines import line_of
from testing.events import a_match, a_merge, a_split, a_verdict, an_appearance, an_end, an_erasure


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (an_appearance(), "1970-01-01 00:00:09  door        5a0a3d0c  appeared"),
        (
            a_match(),
            "1970-01-01 00:00:19  yard        5a0a3d0c  recognised, similarity 0.99; was in door 6 s before",
        ),
        (
            a_match().model_copy(update={"probability": 0.834}),
            "1970-01-01 00:00:19  yard        5a0a3d0c  recognised, 83%; was in door 6 s before",
        ),
        (a_verdict(), "1970-01-01 00:00:19  yard        5a0a3d0c  an operator: the same as in door"),
        (an_end(), "1970-01-01 00:00:19  yard        5a0a3d0c  left after 4 s"),
        (a_merge(7, 8), "1970-01-01 00:00:19  yard        5a0a3d0c  is 00000000 too, similarity 0.70; 2 tracks"),
        (
            a_split(),
            "1970-01-01 00:00:19  yard        00000000  is not 5a0a3d0c; 1 track, too unlike the others: 0.300, "
            "at least 0.500 needed",
        ),
        (an_erasure(), "2026-11-21 08:00:00  -           5a0a3d0c  is to be forgotten"),
    ],
)
def test_a_line_says_when_where_who_and_how_sure(event: Event, line: str) -> None:
    assert line_of(event).plain == line


def test_a_name_commands_no_terminal() -> None:
    seen = a_match().seen.model_copy(update={"camera": "ya\x1b[2Jrd\r"})
    assert "ya?[2Jrd?" in line_of(a_match().model_copy(update={"seen": seen})).plain


@pytest.mark.parametrize("is_terminal", [True, False])
def test_colours_are_for_a_terminal_alone(monkeypatch: pytest.MonkeyPatch, is_terminal: bool) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    out = io.StringIO()
    Console(file=out, highlight=False, force_terminal=is_terminal).print(line_of(a_match()), soft_wrap=True)
    assert ("\x1b[" in out.getvalue()) is is_terminal
