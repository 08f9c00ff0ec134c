from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from uuid import UUID, uuid5

import av
import numpy as np
import pytest

from pipeline.events.ids import NAMESPACE
from pipeline.output.annotate import AnnotationError, annotate_video, draw_tracks
from pipeline.output.mot_files import MotTracks
from pipeline.output.person_labels import UNIDENTIFIED, person_colours
from pipeline.records import Frame, Image

PERSON = uuid5(NAMESPACE, "somebody")
COLOURS = person_colours([PERSON])
NOBODY: dict[int, UUID] = {}


def tracks(*boxes: list[float], frame: int = 1) -> MotTracks:
    n = len(boxes)
    return MotTracks(
        frames=np.full(n, frame, np.int64),
        ids=np.arange(n),
        boxes=np.array(boxes, np.float32).reshape(n, 4),
        scores=np.ones(n, np.float32),
    )


def black(height: int = 240, width: int = 320) -> Image:
    return np.zeros((height, width, 3), np.uint8)


def frames(count: int, *, height: int = 240, width: int = 320) -> Iterator[Frame]:
    for index in range(count):
        yield Frame("door", index, index / 10, "container", black(height, width))


def test_a_box_has_the_colour_of_its_person_and_grey_without_one() -> None:
    known = draw_tracks(black(), tracks([100, 100, 150, 200]), {0: PERSON}, COLOURS)
    unknown = draw_tracks(black(), tracks([100, 100, 150, 200]), NOBODY, COLOURS)
    assert tuple(known[150, 100]) == COLOURS[PERSON]
    assert tuple(unknown[150, 100]) == UNIDENTIFIED


def test_the_image_that_came_in_is_not_changed() -> None:
    image = black()
    image.flags.writeable = False
    draw_tracks(image, tracks([100, 100, 150, 200]), NOBODY, COLOURS)
    assert not image.any()


@pytest.mark.parametrize("box", [[-30, -40, 20, 90], [300, 100, 380, 300], [100, 0, 140, 60], [-9, -9, 400, 400]])
def test_a_person_cut_by_the_edge_keeps_a_label_inside_the_image(box: list[float]) -> None:
    drawn = draw_tracks(black(), tracks(box), {0: PERSON}, COLOURS)
    is_patch = (drawn == np.array(COLOURS[PERSON], np.uint8)).all(axis=2)
    assert is_patch.sum() > 300


def test_a_video_has_every_frame_is_h264_and_plays_at_its_rate(tmp_path: Path) -> None:
    count = annotate_video(
        frames(12), tracks([100, 100, 150, 200], frame=3), {0: PERSON}, tmp_path / "v" / "a.mp4", colours=COLOURS, fps=7
    )
    with av.open(str(tmp_path / "v" / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == Fraction(7)
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    assert count == len(decoded) == 12
    assert [bool(image.max() > 60) for image in decoded[:4]] == [False, False, True, False]


def test_odd_sizes_become_even(tmp_path: Path) -> None:
    annotate_video(frames(2, height=75, width=101), tracks(), NOBODY, tmp_path / "a.mp4", colours=COLOURS, fps=29.97)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.average_rate) == (100, 74, Fraction(2997, 100))


def test_a_camera_that_changes_its_size_still_makes_one_video(tmp_path: Path) -> None:
    mixed = [*frames(2), *frames(3, height=480, width=640)]
    assert annotate_video(mixed, tracks(), NOBODY, tmp_path / "a.mp4", colours=COLOURS, fps=10) == 5


def test_no_frames_and_a_place_that_cannot_be_written_are_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="found none"):
        annotate_video(frames(0), tracks(), NOBODY, tmp_path / "a.mp4", colours=COLOURS, fps=10)
    (tmp_path / "file").touch()
    with pytest.raises(AnnotationError, match="expected to write a video"):
        annotate_video(frames(1), tracks(), NOBODY, tmp_path / "file" / "a.mp4", colours=COLOURS, fps=10)
