"""Rounds of the table of faults that take seconds; `python -m benchmarks.faults.harness` plays them all."""

from pathlib import Path

import pytest

from benchmarks.faults.fault_round import play
from benchmarks.faults.rows import ROWS
from testing.paths import ROOT
from testing.services.needed import need_redis_server

BUSY_S = 600
ZERO = (
    "calm",
    "Redis: replies truncated",
    "deleted: lease and token, nobody killed",
    "changed in the matchers: encoder",
    "changed in a worker first: a camera renamed",
    "one camera in two live workers",
)
NAMED = (
    "FLUSHALL",
    "FLUSHALL as the workers end",
    "deleted: sighting:*",
    "deleted: erased",
    "clock of a worker 2 hours behind",
)


@pytest.mark.slow
@pytest.mark.timeout(BUSY_S)
@pytest.mark.parametrize("name", [*ZERO, *NAMED])
def test_a_fault_changes_nothing_or_is_named(name: str, tmp_path: Path) -> None:
    need_redis_server()
    outcome = play(ROWS[name], 0, tmp_path, None)
    assert outcome.has_ended, outcome
    assert outcome.is_zero or name in NAMED, outcome
    assert not outcome.is_silent, outcome


@pytest.mark.parametrize("name", ROWS)
def test_the_page_says_of_each_fault_what_happens(name: str) -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert f"| {name} |" in page.replace("`", "").replace(r"\*", "*")
