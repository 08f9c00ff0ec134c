from pathlib import Path

import numpy as np
import pytest

from pipeline.output.mot_files import (
    MotFileError,
    MotTracks,
    read_feet,
    read_sequence_length,
    read_tracks,
    read_truth,
    write_tracks,
)


def two_tracks() -> MotTracks:
    return MotTracks(
        frames=np.array([2, 1, 1]),
        ids=np.array([7, 9, 7]),
        boxes=np.array([[10, 20, 40, 100], [1.25, 2, 3, 4], [0, 0, 5, 9]], np.float32),
        scores=np.array([0.5, 0.25, 1], np.float32),
    )


def a_file(folder: Path, text: str) -> Path:
    path = folder / "cam.txt"
    path.write_text(text)
    return path


def test_what_is_written_is_read_again_ordered_by_frame_and_id(tmp_path: Path) -> None:
    write_tracks(tmp_path / "tracks" / "cam.txt", two_tracks())
    found = read_tracks(tmp_path / "tracks" / "cam.txt")
    assert found.frames.tolist() == [1, 1, 2]
    assert found.ids.tolist() == [7, 9, 7]
    np.testing.assert_array_equal(found.boxes, two_tracks().boxes[[2, 1, 0]])
    np.testing.assert_array_equal(found.scores, two_tracks().scores[[2, 1, 0]])


def test_an_empty_file_is_a_camera_that_saw_nobody(tmp_path: Path) -> None:
    write_tracks(tmp_path / "cam.txt", two_tracks().where(np.zeros(3, np.bool_)))
    assert len(read_tracks(tmp_path / "cam.txt")) == 0


def test_tracks_that_do_not_line_up_are_refused() -> None:
    with pytest.raises(ValueError, match="line up"):
        MotTracks(np.array([1]), np.array([1]), np.zeros((2, 4), np.float32), np.zeros(1, np.float32))


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ("1,2,3,4,five,6,1", "expected numbers"),
        ("1,2,3,4", "expected 7 finite numbers or more"),
        ("1,2,nan,4,5,6,1", "finite"),
        ("0,2,3,4,5,6,1", "whole frame from 1"),
        ("1.5,2,3,4,5,6,1", "whole frame from 1"),
        ("1,2,3,4,-0.5,6,1", "not negative"),
        ("99999999999999999999,2,3,4,5,6,1", "numbers of at most"),
        ("1,-99999999999999999999,3,4,5,6,1", "numbers of at most"),
        ("1,2,3,1e300,5,6,1", "numbers of at most"),
    ],
)
def test_a_bad_line_is_named_with_its_file_and_number(tmp_path: Path, bad: str, complaint: str) -> None:
    path = a_file(tmp_path, f"1,1,10,10,5,5,0.9,-1,-1,-1\n{bad}\n")
    with pytest.raises(MotFileError, match=f"cam.txt:2: .*{complaint}"):
        read_tracks(path)


def test_a_file_that_is_not_text_or_not_there_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "cam.txt").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(MotFileError, match="expected lines of text"):
        read_tracks(tmp_path / "cam.txt")
    with pytest.raises(MotFileError, match=r"gone\.txt: No such file"):
        read_truth(tmp_path / "gone.txt")
    with pytest.raises(MotFileError, match="expected to write tracks"):
        write_tracks(tmp_path / "cam.txt" / "below_a_file.txt", two_tracks())


def test_truth_with_classes_evaluates_marked_pedestrians_and_ignores_distractors(tmp_path: Path) -> None:
    path = a_file(tmp_path, "1,1,0,0,9,9,1,1,1\n1,2,0,0,9,9,0,1,1\n1,3,0,0,9,9,1,7,1\n4,4,0,0,9,9,1,3,1\n")
    truth = read_truth(path)
    assert truth.evaluated.tolist() == [True, False, False, False]
    assert truth.ignored.tolist() == [False, False, True, False]
    assert truth.last_frame == 4


def test_truth_without_classes_ignores_what_is_not_marked(tmp_path: Path) -> None:
    truth = read_truth(a_file(tmp_path, "1,1,0,0,9,9,1,7,2,2\n1,2,0,0,9,9,0,-1,-1,-1\n"), last_frame=30)
    assert truth.evaluated.tolist() == [True, False]
    assert truth.ignored.tolist() == [False, True]
    assert truth.last_frame == 30


VISDRONE = "1,1,0,0,9,9,1,1,0,0\n1,2,0,0,9,9,1,4,1,2\n1,3,0,0,9,9,0,1,0,0\n2,4,0,0,9,9,1,2,0,1\n"


def test_a_class_is_not_taken_for_a_place(tmp_path: Path) -> None:
    path = a_file(tmp_path, VISDRONE)
    with pytest.raises(MotFileError, match=r"look like VisDrone's .* --truth-format"):
        read_truth(path)
    truth = read_truth(path, layout="visdrone")
    assert truth.evaluated.tolist() == [True, False, False, True]
    assert truth.ignored.tolist() == [False, False, True, False]
    assert read_truth(path, layout="mot15").evaluated.tolist() == [True, True, False, True]


@pytest.mark.parametrize("rest", ["-1,-1", "1,37", "13,1", "0.5,0"])
def test_nine_columns_without_a_class_are_refused(tmp_path: Path, rest: str) -> None:
    path = a_file(tmp_path, f"1,1,0,0,9,9,1,{rest}\n")
    with pytest.raises(MotFileError, match=r"no class .* --truth-format"):
        read_truth(path)
    assert read_truth(path, layout="mot15").evaluated.tolist() == [True]


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", ",\n", " \r\n", " , \n"])
def test_marks_of_editors_and_trailing_commas_are_no_part_of_a_table(tmp_path: Path, start: str, end: str) -> None:
    path = tmp_path / "cam.txt"
    path.write_bytes(f"{start}1,1,0,0,9,9,1,-1,-1,-1{end}2,1,0,0,9,9,1,-1,-1,-1{end}".encode())
    assert read_truth(path).frames.tolist() == [1, 2]
    assert read_tracks(path).ids.tolist() == [1, 1]


@pytest.mark.parametrize("text", ["", "1,1,0,0,9,9,1,1,1\n1,1,0,0,9,9,1,1,1,1\n"])
def test_truth_that_is_empty_or_of_mixed_columns_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(MotFileError, match=r"empty file|columns"):
        read_truth(a_file(tmp_path, text))


def test_the_length_of_a_sequence_comes_from_its_ini(tmp_path: Path) -> None:
    assert read_sequence_length(a_file(tmp_path, "[Sequence]\nname=x\nseqLength=179\n")) == 179
    with pytest.raises(MotFileError, match="seqLength"):
        read_sequence_length(a_file(tmp_path, "[Sequence]\nname=x\n"))


def test_foot_points_are_read_below_their_header(tmp_path: Path) -> None:
    feet = read_feet(a_file(tmp_path, "frame,id,x_foot,y_foot\n1,9,372.5,216.5\n3,9,0,1\n"))
    assert (feet.frames.tolist(), feet.ids.tolist(), feet.last_frame) == ([1, 3], [9, 9], 3)
    assert feet.points.tolist() == [[372.5, 216.5], [0, 1]]
    with pytest.raises(MotFileError, match="header"):
        read_feet(a_file(tmp_path, "1,9,372.5,216.5\n"))
