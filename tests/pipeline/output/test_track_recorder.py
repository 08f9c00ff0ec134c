from pathlib import Path

import numpy as np
import pytest

from detectors.detections import Detections
from pipeline.output.mot_files import MotFileError, length_path, read_frame_rate, read_sequence_length, read_tracks
from pipeline.output.track_recorder import TrackRecorder
from pipeline.records import Frame
from pipeline.tracking.camera_loop import FrameStep
from trackers.tracks import Tracks


def test_two_processes_that_record_one_camera_do_not_write_over_each_other(tmp_path: Path) -> None:
    path = tmp_path / "tracks" / "door.txt"
    first = TrackRecorder(path)
    path.write_text("1,1,0,0,9,9,1,-1,-1,-1\n")
    with pytest.raises(MotFileError, match="another process"):
        TrackRecorder(path)
    assert path.read_text()
    first.close()
    TrackRecorder(path).close()
    assert path.read_text() == ""


def step(index: int, time_s: float = 0.0) -> FrameStep:
    """Somebody in one frame."""
    image, box = np.zeros((8, 8, 3), np.uint8), np.array([[1, 1, 3, 7]], np.float32)
    seen = Tracks(np.array([1]), box, np.ones(1, np.float32), np.zeros(0, np.int64))
    people = Detections(box, np.ones(1, np.float32))
    return FrameStep(Frame("door", index, time_s, "container", image), people, seen, (), (), 0.0, 0.0)


@pytest.mark.parametrize(("indices", "frames"), [((0,), 1), ((0, 1, 2), 3), ((0, 3, 6), 9)])
def test_a_camera_had_as_many_frames_as_were_looked_at_and_those_between(
    tmp_path: Path, indices: tuple[int, ...], frames: int
) -> None:
    path = tmp_path / "tracks" / "door.txt"
    recorder = TrackRecorder(path)
    for index in indices:
        recorder(step(index))
    recorder.close()
    assert read_tracks(path).frames.tolist() == [index + 1 for index in indices]
    assert read_sequence_length(length_path(path)) == frames


@pytest.mark.parametrize(("times_s", "rate"), [((0.0, 0.5, 1.0), 6.0), ((0.0,), None), ((0.0, 0.0), None)])
def test_how_fast_frames_came_is_known_of_two_and_more(
    tmp_path: Path, times_s: tuple[float, ...], rate: float | None
) -> None:
    """Every third frame is looked at."""
    path = tmp_path / "tracks" / "door.txt"
    recorder = TrackRecorder(path)
    for number, time_s in enumerate(times_s):
        recorder(step(3 * number, time_s))
    recorder.close()
    assert read_frame_rate(length_path(path)) == rate


def test_where_no_frame_came_nothing_is_known_of_their_number(tmp_path: Path) -> None:
    TrackRecorder(tmp_path / "door.txt").close()
    assert not length_path(tmp_path / "door.txt").exists()
