import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.paths import ROOT

SAY = """
import logging
from pipeline.telemetry.logs import LogParams, logs_in_force, of_camera, set_up_logs
set_up_logs(LogParams({level!r}, {format!r}))
logging.getLogger("pipeline.sources.streams").info("camera %s: %s", "door", "away\\nfor good", extra=of_camera("door"))
logging.getLogger("pipeline.store").debug("a detail")
logging.getLogger("kafka").info("of a library")
assert logs_in_force() == LogParams({level!r}, {format!r})
"""


def reported(level: str, form: str) -> list[str]:
    """What a process of its own writes to stderr: in this one pytest has set up logging already."""
    script = SAY.format(level=level, format=form)
    return subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stderr.splitlines()


def test_a_json_line_has_time_level_and_camera_and_is_one_line() -> None:
    [line] = reported("info", "json")
    found = json.loads(line)
    assert found.pop("time").endswith("Z")
    assert found == {
        "level": "info",
        "logger": "pipeline.sources.streams",
        "camera": "door",
        "message": "camera door: away\nfor good",
    }


def test_a_text_line_begins_with_time_and_level() -> None:
    time, level, what = reported("info", "text")[0].split(" ", 2)
    assert (time[4], time[10], time[-1]) == ("-", "T", "Z")
    assert (level, what) == ("INFO", "camera door: away")


@pytest.mark.parametrize(("level", "lines"), [("debug", 3), ("info", 1), ("warning", 0)])
def test_the_level_says_how_much_is_reported_and_libraries_say_little(level: str, lines: int) -> None:
    assert len(reported(level, "json")) == lines


@pytest.mark.parametrize(("level", "is_reported"), [("info", False), ("debug", True)])
def test_what_kafkas_client_says_of_brokers_that_are_away_is_for_debugging(level: str, is_reported: bool) -> None:
    code = (
        "import logging; from pipeline.telemetry.logs import LogParams, set_up_logs; "
        f"set_up_logs(LogParams({level!r}, 'text')); logging.getLogger('kafka.net').error('connection lost')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ("connection lost" in done.stderr) is is_reported


def test_lines_that_are_of_one_camera_bear_it_as_a_field() -> None:
    """All that sources and tracking say is of one; elsewhere those that name it."""
    lines = [(path, call) for path in sorted((ROOT / "pipeline").rglob("*.py")) for call in log_calls(path)]
    assert len(lines) > 20
    without = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, call in lines
        if (path.parent.name in ("sources", "tracking") or str(ast.literal_eval(call.args[0])).startswith("camera %s"))
        and not any(keyword.arg == "extra" for keyword in call.keywords)
    ]
    assert without == []


def log_calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="logger"), attr="debug" | "info" | "warning" | "error")):
                yield node
