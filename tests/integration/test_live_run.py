"""The whole process on real RTSP streams: cameras die and come back, and a stop at any moment loses nothing."""

import os
import re
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from passerby_events.recordings import read_events
from testing.cameras.camera import RtspCamera
from testing.live_run import LiveRun
from testing.scene import endless_video
from testing.waiting import WITHIN_S, until

pytestmark = pytest.mark.slow

PASSWORD = "tops3cret"
LOGIN = ("--user", "viewer", "--password", PASSWORD)
Start = Callable[..., LiveRun]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the command over the cameras given; the password is in its environment."""
    runs: list[LiveRun] = []

    def start_run(sources: Mapping[str, str], *, is_held: bool = False) -> LiveRun:
        environment = {**os.environ, "CAMERA_PASSWORD": PASSWORD}
        runs.append(LiveRun(tmp_path, sources, environment, is_held=is_held))
        return runs[-1]

    yield start_run
    for run in runs:
        run.kill()


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A recording that outlasts every test."""
    return str(endless_video(tmp_path_factory.mktemp("videos") / "long.mp4"))


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Where connections are accepted, and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield int(silent.getsockname()[1])


def url(camera: RtspCamera) -> str:
    return camera.url("viewer:{CAMERA_PASSWORD}@")


@pytest.mark.rtsp
def test_a_camera_dies_and_comes_back_while_the_other_goes_on(
    start_camera: Callable[..., RtspCamera], start: Start
) -> None:
    door, hall = start_camera(*LOGIN), start_camera(*LOGIN)
    run = start({"door": url(door), "hall": url(hall)})
    run.until(run.is_ready, "ready")
    run.more_frames("door")
    run.more_frames("hall")
    assert (run.state("door"), run.state("hall")) == ("streaming", "streaming")

    hall.kill()
    run.until(lambda: run.state("hall") == "retrying", "hall retries")
    run.more_frames("door", 20)
    assert run.state("door") == "streaming"
    assert not run.is_ready()
    assert run.count("reid_source_reconnects_total", "hall") >= 1
    assert run.count("reid_source_reconnects_total", "door") == 0

    hall.start()
    run.until(lambda: run.state("hall") == "streaming", "hall streams again")
    run.more_frames("hall")
    run.until(lambda: run.count("reid_tracklets_total", "door") >= 1, "a tracklet")
    run.terminate()
    assert run.ended_tracks() >= 2
    assert PASSWORD not in run.read_all_output()


@pytest.mark.rtsp
def test_a_refused_password_is_retried_and_shown_nowhere(start_camera: Callable[..., RtspCamera], start: Start) -> None:
    door = start_camera("--user", "viewer", "--password", "another")
    run = start({"door": url(door)})
    run.until(lambda: run.is_up() and run.state("door") == "retrying", "door retries")
    assert not run.is_ready()
    assert run.count("reid_source_errors_total", "door") == 1
    run.terminate()
    reported = run.read_all_output()
    assert "user or password refused" in reported
    assert PASSWORD not in reported


def test_a_stop_while_connecting_ends_well(silent_port: int, start: Start) -> None:
    run = start({"door": f"rtsp://127.0.0.1:{silent_port}/camera"})
    run.until(lambda: run.is_up() and run.state("door") == "connecting", "door connects")
    run.terminate()
    assert run.ended_tracks() == 0


@pytest.mark.rtsp
@pytest.mark.parametrize("later", [0, 15])
def test_a_stop_while_streaming_ends_well_at_any_moment(
    start_camera: Callable[..., RtspCamera], start: Start, later: int
) -> None:
    run = start({"door": start_camera().url()})
    run.until(run.is_ready, "ready")
    run.more_frames("door", later)
    run.terminate()
    run.ended_tracks()


def test_a_stop_before_the_run_has_begun_ends_well(long_video: str, start: Start) -> None:
    """It hears the signal while it waits for its configuration, so before it has made anything."""
    run = start({"door": long_video}, is_held=True)
    run.until(run.catches_signals, "signals are heard")
    run.process.send_signal(signal.SIGTERM)
    run.go_on()
    run.ends_well()
    assert run.ended_tracks() == 0


def test_a_stop_while_networks_load_ends_well(long_video: str, start: Start) -> None:
    run = start({"door": long_video})
    run.until(lambda: (run.out / "events.jsonl").exists(), "the events are opened")
    run.terminate()
    run.ended_tracks()


@pytest.mark.parametrize("later", [0, 25])
def test_a_stop_in_the_middle_of_recordings_ends_every_track(long_video: str, start: Start, later: int) -> None:
    run = start({"door": long_video, "hall": long_video})
    run.more_frames("door", 20 + later)
    run.more_frames("hall", 20)
    run.terminate()
    assert run.ended_tracks() == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_that_every_process_gets_ends_every_track(
    long_video: str, start: Start, number: signal.Signals
) -> None:
    run = start({"door": long_video, "hall": long_video})
    run.more_frames("door", 20)
    run.more_frames("hall", 20)
    for child in children_of(run.process.pid):
        os.kill(child, number)
    run.process.send_signal(number)
    assert run.process.wait(WITHIN_S) == 0
    assert run.ended_tracks() == 2


def test_no_process_goes_on_without_the_one_that_started_it(long_video: str, start: Start) -> None:
    run = start({"door": long_video, "hall": long_video})
    run.more_frames("door", 20)
    run.more_frames("hall", 20)
    children = children_of(run.process.pid)
    run.process.kill()
    run.process.wait()
    until(lambda: not any(Path(f"/proc/{child}").exists() for child in children), "the others end")


def test_a_process_that_is_killed_is_one_line_and_what_was_seen_is_kept(long_video: str, start: Start) -> None:
    run = start({"door": long_video, "hall": long_video})
    run.more_frames("door", 20)
    run.more_frames("hall", 20)
    os.kill(children_of(run.process.pid)[0], signal.SIGKILL)
    assert run.process.wait(WITHIN_S) == 1
    assert re.fullmatch(
        r"reid-pipeline: the process of the cameras (door|hall) was killed by SIGKILL: was there memory enough\?",
        run.read_all_output().partition("{")[0].strip().splitlines()[-1],
    )
    kinds = [event.kind for event in read_events(run.out / "events.jsonl")]
    assert "track.ended" in kinds


def children_of(parent: int) -> list[int]:
    """The processes that run cameras for another."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
            command = stat.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == parent and b"spawn_main" in command:
            found.append(int(stat.parent.name))
    assert len(found) == 2
    return found
