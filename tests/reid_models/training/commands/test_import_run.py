from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from passerby_events.schema import Event
from passerby_events.tracks import TrackKey
from pipeline.events.jsonlines import JsonLinesSink
from pipeline.output.mot_files import MotTracks, tracks_path, write_tracks
from pipeline.output.thumbnails import thumbnail_path
from reid_models.training.cli import main
from reid_models.training.datasets.catalogue import read_dataset
from testing.events import SOMEBODY_ELSE, a_match, an_appearance, an_erasure
from testing.official_layouts import image
from testing.videos import BLUE, GREEN, RED, write_video

SEEN: tuple[Event, ...] = (an_appearance(3), a_match(7), an_appearance(4, SOMEBODY_ELSE))
"""Somebody at the door (track 3) and in the yard (track 7); somebody else at the door (track 4)."""


def a_run(folder: Path, events: Sequence[Event] = SEEN) -> Path:
    sink = JsonLinesSink(folder / "events.jsonl")
    for event in events:
        sink.publish(event)
    sink.close()
    # At the door, track 3 in frames 1 to 3 and track 4 in 2; nobody knows track 9.
    door = [(1, 3, 10.0), (2, 3, 12.0), (3, 3, 14.0), (2, 4, 60.0), (2, 9, 80.0)]
    for camera, rows in (("door", door), ("yard", [(2, 7, -10.0)])):
        table = np.array(rows)
        boxes = np.stack([table[:, 2], table[:, 2] + 5, table[:, 2] + 20, table[:, 2] + 45], axis=1).astype(np.float32)
        tracks = MotTracks(
            table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), boxes, np.ones(len(rows), np.float32)
        )
        path = tracks_path(folder, camera)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_tracks(path, tracks)
    return folder


def videos_of(folder: Path) -> list[str]:
    door = write_video(folder / "door.mp4", [RED, GREEN, BLUE])
    yard = write_video(folder / "yard.mp4", [BLUE, RED, GREEN])
    return ["--video", f"door={door}", "--video", f"yard={yard}"]


def test_tracks_of_a_person_are_cut_out_of_the_recordings_and_are_a_data_set(tmp_path: Path) -> None:
    words = ["import", str(a_run(tmp_path / "run")), str(tmp_path / "set" / "train"), *videos_of(tmp_path)]
    assert main(words) == 0
    found = read_dataset("folder", tmp_path / "set").train
    assert found.persons.tolist() == [1, 1, 2]
    assert found.cameras.tolist() == [1, 2, 1]
    assert found.lengths.tolist() == [3, 1, 1]
    first, middle, last = (crop.mean(axis=(0, 1)) for crop in found.read(0, np.arange(3)))
    assert [int(colour.argmax()) for colour in (first, middle, last)] == [0, 1, 2]
    assert found.read(0, np.arange(1))[0].shape == (40, 20, 3)
    # Its box begins outside of the image.
    assert found.read(1, np.arange(1))[0].shape == (35, 10, 3)
    assert "5a0a3d0c" in (tmp_path / "set" / "train" / "persons.csv").read_text()


def test_a_long_track_gives_as_many_crops_as_asked(tmp_path: Path) -> None:
    words = ["import", str(a_run(tmp_path / "run")), str(tmp_path / "set"), *videos_of(tmp_path), "--most", "1"]
    assert main(words) == 0
    assert read_dataset("folder", tmp_path / "set").query.lengths.tolist() == [1, 1, 1]


def test_images_that_the_run_kept_are_taken_without_recordings_and_who_was_erased_is_not(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", [*SEEN, an_erasure(SOMEBODY_ELSE)])
    for track, index in ((3, 0), (3, 10), (3, 2), (4, 0)):
        image(thumbnail_path(run / "thumbnails", TrackKey("door", "r1", track), index))
    assert main(["import", str(run), str(tmp_path / "set")]) == 0
    found = read_dataset("folder", tmp_path / "set").query
    assert (found.persons.tolist(), found.lengths.tolist()) == ([1], [3])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["{}/run", "{}/set"], "expected --video CAMERA=FILE, or"),
        (["{}/run", "{}/run", "--video", "door={}/door.mp4"], "expected an empty folder or none at"),
        (["{}/none", "{}/set", "--video", "door={}/door.mp4"], "expected recorded events at"),
        (["{}/run", "{}/set", "--video", "door={}/no.mp4"], "expected a video at"),
        (["{}/run", "{}/set", "--video", "gate={}/door.mp4"], "expected tracks as MOT text at"),
        (["{}/run", "{}/set", "--video", "door"], "expected CAMERA=FILE, found door"),
        (["{}/run", "{}/set", "--video", "door={}/short.mp4"], "expected frame 2 in"),
    ],
)
def test_bad_input_is_one_line(
    words: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_run(tmp_path / "run")
    videos_of(tmp_path)
    write_video(tmp_path / "short.mp4", [RED])
    assert main(["import", *(word.format(tmp_path) for word in words)]) in (1, 2)
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1
