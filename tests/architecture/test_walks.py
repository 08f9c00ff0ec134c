"""The walks of docs/architecture.md are those that the program takes."""

import re
import sys
import threading
from collections.abc import Callable
from types import FrameType

import pytest

from pipeline.cli import main
from pipeline.events.memory import MemorySink
from pipeline.matching.memory import MemoryGallery
from reid_models.crop_encoder import OSNET
from reid_runtime.adopt import adopt
from testing.networks import mean_network
from testing.paths import ROOT
from testing.scene import video
from testing.site.site_processes import SHOP
from testing.site.town import site_windows
from testing.site_in_memory import matcher_of
from testing.still_person import still_person

Call = tuple[str, str]
"""Which file of ours, and which function in it."""


class Trace:
    """Every call of a function of ours, by the name of its thread; loading a module is none."""

    def __init__(self) -> None:
        self.calls: dict[str, list[Call]] = {}

    def follow(self, work: Callable[[], object]) -> None:
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        try:
            work()
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        # Modules and the bodies of classes have no locals of their own.
        if event == "call" and code.co_flags & 2 and code.co_filename.startswith(f"{ROOT}/"):
            called = code.co_filename.removeprefix(f"{ROOT}/"), code.co_qualname
            self.calls.setdefault(threading.current_thread().name, []).append(called)


def walk(title: str) -> list[str]:
    """The files that a walk names, in order, each where it stands first."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.partition(f"### {title}\n")[2].partition("\n###")[0]
    steps = "\n".join(line for line in section.splitlines() if re.match(r"\d\.", line))
    return list(dict.fromkeys(re.findall(r"`([\w/]+\.py)`", steps)))


def first_calls(calls: list[Call], files: list[str]) -> list[str]:
    """Those of the files that are called, in the order of their first calls."""
    return [file for file in dict.fromkeys(file for file, _ in calls) if file in files]


def place(calls: list[Call], function: str, *, after: int = 0) -> int:
    return next(i for i, (_, called) in enumerate(calls[after:], after) if called == function)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Call]]:
    """All calls of one run over one recording, by thread."""
    folder = tmp_path_factory.mktemp("walks")
    source = video(folder / "door.mp4", [("red", 0.0, 3.0)], 4.0)
    detector = still_person(folder / "still.onnx")
    encoder = mean_network(folder / "tiny.onnx", ["n", 3, 64, 32], axes=[2, 3])
    adopt(encoder, OSNET, name="tiny", licence="CC0-1.0", origin="made in a test")
    line = f"run --camera door={source} --detector {detector} --encoder {encoder} --out {folder / 'out'}"
    trace = Trace()
    trace.follow(lambda: main(line.split()))
    return trace.calls


def test_a_start(run: dict[str, list[Call]]) -> None:
    files = walk("A start of `run --camera`")
    calls = run["MainThread"]
    assert first_calls(calls[: place(calls, "Supervisor.run") + 1], files) == files


def test_a_start_enters_build_once(run: dict[str, list[Call]]) -> None:
    calls = run["MainThread"]
    begin, end = place(calls, "build_plan"), place(calls, "Process.__init__")
    outside = calls[:begin] + calls[end : place(calls, "Supervisor.run")]
    assert "pipeline/build.py" not in {file for file, _ in outside}
    inside = {function for file, function in calls[begin:end] if file.startswith(("pipeline/deployment", "pipeline/c"))}
    assert {function for function in inside if "Config" not in function} == {"Deployment._build"}


def test_a_frame(run: dict[str, list[Call]]) -> None:
    files = walk("A frame")
    reading = ["pipeline/sources/files.py", "pipeline/sources/decoding.py", "pipeline/sources/times.py"]
    calls = run["camera door"]
    assert {*reading} <= {file for name in ("camera door", "prefetch") for file, _ in run.get(name, [])}
    first = place(calls, "CameraLoop._take")
    second = place(calls, "CameraLoop._take", after=first + 1)
    begin = max(i for i, (file, _) in enumerate(calls[:second]) if "/ordering/" in file) + 1
    end = place(calls, "Lane.emit_watermark", after=second)
    chunk = [("pipeline/tracking/camera_loop.py", "CameraLoop.run"), *calls[begin:end]]
    expected = [file for file in files if file not in reading]
    assert first_calls(chunk, expected) == expected


def test_a_tracklet(run: dict[str, list[Call]]) -> None:
    files = walk("A tracklet")
    assert "TrackletBuffer._cut" in {called for _, called in run["camera door"]}
    calls = run["MainThread"]
    begin = place(calls, "Supervisor._embedded")
    handed_on = [(files[0], ""), *calls[begin:]]
    assert first_calls(handed_on, files) == files


def test_a_merge() -> None:
    files = walk("A merge of two persons")
    matcher = matcher_of(MemoryGallery(MemorySink()), SHOP)
    for window in site_windows():
        trace, merged = Trace(), 0

        def step() -> None:
            nonlocal merged
            merged = matcher.step(window).merged  # noqa: B023 - called at once

        trace.follow(step)
        if merged:
            break
    calls = trace.calls[threading.current_thread().name]
    assert first_calls(calls[place(calls, "Matcher._find_merge_splits") :], files) == files
