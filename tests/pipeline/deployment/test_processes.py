"""Cameras in several processes: the same windows as in one, and an end to everything that can happen to a child."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from passerby_events.tracks import TrackKey
from pipeline.config import PipelineConfig
from pipeline.deployment import processes as children
from pipeline.deployment.child import portable
from pipeline.deployment.deployment import Deployment
from pipeline.deployment.processes import ChildDied
from pipeline.events.memory import MemorySink
from pipeline.records import EmbeddedWindow
from pipeline.sources.errors import ErrorCode, SourceError
from pipeline.sources.source import name_session
from pipeline.view.run_site import MemoryDesk
from reid_runtime.card import ArtefactError
from testing.scene import ENDLESS_FRAMES, RATE, endless_video, video
from testing.still_person import still_person
from testing.waiting import until

pytestmark = pytest.mark.slow

SHORT_S = 12.0
PATIENCE_S = 30.0
"""More than anything here takes, also on a loaded machine."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Videos of different lengths, and a detector that sees one person in every frame."""
    made = tmp_path_factory.mktemp("children")
    still_person(made / "still.onnx")
    for i in range(3):
        video(made / f"short{i}.mp4", [("red", i, i + 4.0)], SHORT_S + i, seed=i)
    endless_video(made / "endless.mp4")
    return made


@pytest.fixture(autouse=True)
def no_child_is_left() -> Iterator[None]:
    yield
    assert not multiprocessing.active_children()


def config_of(folder: Path, videos: Iterable[str], out: Path, *, processes: int) -> PipelineConfig:
    return PipelineConfig.model_validate(
        {
            "cameras": [{"name": f"camera{i}", "source": str(folder / each)} for i, each in enumerate(videos)],
            "detector": {"kind": "network", "model": str(folder / "still.onnx")},
            "encoder": {"kind": "colour-stripes"},
            "tracklets": {"gate": {"min_sharpness": 0.0}, "still_after_s": 0.0},
            "compute": {"processes": processes},
            "output": {"directory": str(out)},
        }
    )


def short(folder: Path, out: Path, *, processes: int) -> PipelineConfig:
    return config_of(folder, [f"short{i}.mp4" for i in range(3)], out, processes=processes)


def long(folder: Path, out: Path) -> PipelineConfig:
    return config_of(folder, ["endless.mp4"] * 3, out, processes=2)


def summarize(windows: Iterable[EmbeddedWindow]) -> list[tuple[object, ...]]:
    """All that a window says, to be compared; those without anything in them say only how far somebody is."""
    return [
        (
            w.end_s,
            [(e.track, e.tracklet_index, e.cut_s, e.vector.tobytes(), e.box.tobytes()) for e in w.embeddings],
            w.ended,
        )
        for w in windows
        if w.embeddings or w.ended
    ]


def test_the_cameras_of_several_processes_say_what_those_of_one_say(folder: Path, tmp_path: Path) -> None:
    alone: list[EmbeddedWindow] = []
    shared: list[EmbeddedWindow] = []
    for count, windows in ((1, alone), (2, shared)):
        with Deployment(short(folder, tmp_path / str(count), processes=count)) as deployment:
            assert deployment.supervisor(windows.extend).run() == {}
    assert summarize(alone) == summarize(shared)
    assert len(summarize(alone)) > 3
    for i in range(3):
        tracks = [tmp_path / str(count) / "tracks" / f"camera{i}.txt" for count in (1, 2)]
        assert tracks[0].read_bytes() == tracks[1].read_bytes() != b""


def test_what_the_processes_count_is_added_up(folder: Path, tmp_path: Path) -> None:
    windows: list[EmbeddedWindow] = []
    with Deployment(short(folder, tmp_path, processes=2)) as deployment:
        deployment.supervisor(windows.extend).run()
        frames = [deployment.frames(f"camera{i}") for i in range(3)]
        clips = deployment.registry.get_sample_value("reid_encode_batch_clips_sum")
        assert deployment.health.cameras() == dict.fromkeys(("camera0", "camera1", "camera2"), "ended")
    assert frames == [int((SHORT_S + i) * RATE) for i in range(3)]
    assert clips == sum(len(window.embeddings) for window in windows)


def test_a_recording_that_fails_is_named_and_the_others_go_on(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = video(tmp_path / "whole.mkv", [("red", 1.0, 7.0)], 8.0)
    (folder / "cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    config = config_of(folder, ["short0.mp4", "cut.mkv"], tmp_path, processes=2)
    windows: list[EmbeddedWindow] = []
    with Deployment(config) as deployment:
        failed = deployment.supervisor(windows.extend).run()
        assert deployment.health.cameras() == {"camera0": "ended", "camera1": "failed"}
        count = deployment.registry.get_sample_value
        assert count("reid_source_errors_total", {"camera": "camera1", "code": "corrupt"}) == 1
    assert {camera: error.code for camera, error in failed.items()} == {"camera1": ErrorCode.CORRUPT}
    assert str(failed["camera1"]) in capfd.readouterr().err
    assert {end.track.camera for window in windows for end in window.ended} == {"camera0", "camera1"}


def test_a_recording_that_is_not_there_is_said_before_anything_runs(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="found no such file"):
        Deployment(config_of(folder, ["short0.mp4", "mistyped.mp4"], tmp_path, processes=2))


def drop_all(windows: Iterable[EmbeddedWindow]) -> None:
    for _ in windows:
        pass


def test_a_recording_that_is_none_fails_alone_unless_all_are_so(folder: Path, tmp_path: Path) -> None:
    (folder / "empty.mp4").write_bytes(b"")
    with Deployment(config_of(folder, ["short0.mp4", "empty.mp4"], tmp_path, processes=2)) as deployment:
        failed = deployment.supervisor(drop_all).run()
    assert [str(error) for error in failed.values()] == [
        f"camera camera1: {folder / 'empty.mp4'}: expected a video file, found an empty one"
    ]
    with pytest.raises(SourceError, match="found an empty one"):
        Deployment(config_of(folder, ["empty.mp4", "empty.mp4"], tmp_path, processes=2))


def test_a_network_that_a_process_cannot_use_is_said_before_anything_runs(folder: Path, tmp_path: Path) -> None:
    config = short(folder, tmp_path, processes=2).model_copy(deep=True)
    stranger = tmp_path / "stranger.onnx"
    stranger.write_bytes((folder / "still.onnx").read_bytes())
    changed = config.model_copy(update={"detector": config.detector.model_copy(update={"model": str(stranger)})})
    with pytest.raises(ArtefactError, match="stranger"):
        Deployment(changed)


def test_what_goes_wrong_in_a_process_is_raised_here(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("not a folder")
    with (
        Deployment(short(folder, tmp_path / "out", processes=2)) as deployment,
        pytest.raises(OSError, match="out") as raised,
    ):
        deployment.supervisor(slowly).run()
    assert any("in open_recorders" in note for note in raised.value.__notes__)


def test_a_process_that_is_killed_is_named_and_what_the_others_saw_is_kept(folder: Path, tmp_path: Path) -> None:
    windows: list[EmbeddedWindow] = []
    with Deployment(long(folder, tmp_path)) as deployment:
        victim = next(each for each in multiprocessing.active_children() if "camera1" in each.name)

        def take(given: Iterable[EmbeddedWindow]) -> None:
            for window in given:
                windows.append(window)
                if victim.is_alive():
                    assert victim.pid
                    os.kill(victim.pid, signal.SIGKILL)

        with pytest.raises(ChildDied, match=r"the process of the cameras camera1 was killed by SIGKILL"):
            deployment.supervisor(take).run()
    begun = {e.track.camera for window in windows for e in window.embeddings}
    ended = {end.track.camera for window in windows for end in window.ended}
    assert {"camera0", "camera2"} <= begun
    assert ended == {"camera0", "camera2"}


def test_a_stop_hands_on_what_was_cut_and_ends(folder: Path, tmp_path: Path) -> None:
    windows: list[EmbeddedWindow] = []
    with Deployment(long(folder, tmp_path)) as deployment:
        supervisor = deployment.supervisor(windows.extend)
        thread = threading.Thread(target=supervisor.run)
        thread.start()
        until(lambda: len(windows) > 2)
        supervisor.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
        assert all(0 < deployment.frames(f"camera{i}") < ENDLESS_FRAMES for i in range(3))
    assert {end.track.camera for window in windows for end in window.ended} == {"camera0", "camera1", "camera2"}


def test_a_stop_before_the_start_ends_in_order(folder: Path, tmp_path: Path) -> None:
    windows: list[EmbeddedWindow] = []
    with Deployment(long(folder, tmp_path)) as deployment:
        supervisor = deployment.supervisor(windows.extend)
        supervisor.stop()
        assert supervisor.run() == {}
    assert summarize(windows) == []
    assert len(list((tmp_path / "tracks").glob("*.txt"))) == 3


def test_when_nobody_takes_windows_any_more_the_processes_end(folder: Path, tmp_path: Path) -> None:
    def refuse(windows: Iterable[EmbeddedWindow]) -> None:
        next(iter(windows))
        raise RuntimeError("the sink is full")

    with Deployment(long(folder, tmp_path)) as deployment, pytest.raises(RuntimeError, match="the sink is full"):
        deployment.supervisor(refuse).run()


def test_a_process_that_is_never_started_ends_with_this_one(folder: Path, tmp_path: Path) -> None:
    with Deployment(long(folder, tmp_path)):
        assert len(multiprocessing.active_children()) == 2


def test_this_process_is_alive_only_as_long_as_the_others_are(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "STUCK_AFTER_S", 2.5)
    with Deployment(long(folder, tmp_path)) as deployment:
        beats: list[float] = []
        monkeypatch.setattr(deployment.health, "beat", lambda: beats.append(time.monotonic()))
        supervisor = deployment.supervisor(slowly)
        thread = threading.Thread(target=supervisor.run)
        thread.start()
        until(lambda: len(beats) > 2)
        frozen = multiprocessing.active_children()[0].pid
        assert frozen
        os.kill(frozen, signal.SIGSTOP)
        until(lambda: time.monotonic() - beats[-1] > 2.0)
        os.kill(frozen, signal.SIGCONT)
        count = len(beats)
        until(lambda: len(beats) > count)
        supervisor.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def slowly(windows: Iterable[EmbeddedWindow]) -> None:
    """Takes them more slowly than the cameras make them: most of the time the processes wait."""
    for _ in windows:
        time.sleep(0.1)


class ForeignError(Exception):
    """Cannot be made of what it says."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{reason} ({code})")


@pytest.mark.parametrize(
    ("error", "kind"),
    [(SourceError(ErrorCode.AUTH, "no"), SourceError), (ForeignError(7, "odd"), RuntimeError)],
    ids=["ours", "foreign"],
)
def test_an_error_keeps_its_words_on_the_way_to_another_process(error: Exception, kind: type[Exception]) -> None:
    carried = portable(error)
    assert type(carried) is kind
    assert str(error) in str(carried)


def test_children_hand_over_crops_and_those_frames_that_somebody_looks_at(folder: Path, tmp_path: Path) -> None:
    desk = MemoryDesk()
    desk.watch(["camera0"])
    config = config_of(folder, ["endless.mp4", "short1.mp4"], tmp_path, processes=2)
    with Deployment(config, desk=desk) as running:
        supervisor = running.connect(MemorySink())
        thread = threading.Thread(target=supervisor.run, daemon=True)
        thread.start()

        def is_seen() -> bool:
            desk.watch(["camera0"])
            return desk.frame("camera0", "") is not None

        until(is_seen)
        assert desk.frame("camera1", "") is None, "nobody looks at it"
        supervisor.stop()
        thread.join(PATIENCE_S)
    assert any(desk.crop(TrackKey("camera1", session_of(folder / "short1.mp4"), track)) for track in range(1, 5))


def test_memory_that_processes_share_is_nobody_elses_while_they_run(folder: Path, tmp_path: Path) -> None:
    """What says how many threads work lies in memory of this process, which others of its kind ask for, too."""
    with Deployment(config_of(folder, ["short0.mp4", "short1.mp4"], tmp_path, processes=2)) as running:
        others = [multiprocessing.get_context("spawn").RawArray("i", [7, 7]) for _ in range(4)]
        thread = threading.Thread(target=running.connect(MemorySink()).run, daemon=True)
        thread.start()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert [list(each) for each in others] == [[7, 7]] * 4


def session_of(video: Path) -> str:
    return name_session(str(video))
