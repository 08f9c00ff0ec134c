from pathlib import Path

import numpy as np
import pytest

from detectors.training.frames import FrameSet, FrameSetError, LabelledFrame, write_frames
from detectors.training.views import ViewParams, draw_view
from reid_learning.effects import EffectParams

STILL = EffectParams(light=0, gain=0, cast=0, saturation=(1, 1), grey=0, coarse=0, blur=0, noise=0, jpeg=0)
RED, BLUE = (220, 10, 10), (10, 10, 220)


def frame(*, visibility: float = 1.0) -> LabelledFrame:
    """A red person in the left half of a blue image."""
    image = np.full((60, 80, 3), BLUE, np.uint8)
    image[20:50, 10:20] = RED
    return LabelledFrame(
        image, (image == RED).all(axis=2), np.array([[10, 20, 20, 50]], np.float32), np.array([visibility], np.float32)
    )


def view_of(found: LabelledFrame, params: ViewParams, seed: int):  # type: ignore[no-untyped-def]
    return draw_view(found, [np.full((9, 9, 3), 50, np.uint8)], params, np.random.default_rng(seed), side=96)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("whole", [0.0, 1.0])
def test_boxes_stay_around_people(seed: int, whole: float) -> None:
    view = view_of(frame(), ViewParams(whole=whole, anywhere=0, empty=0, swap=0, effects=STILL), seed)
    red = (view.image[..., 0] > 150) & (view.image[..., 2] < 120)
    assert len(view.people) == 1
    x1, y1, x2, y2 = view.people[0]
    rows, columns = np.nonzero(red)
    assert abs(columns.min() - x1) <= 1.5
    assert abs(columns.max() + 1 - x2) <= 1.5
    assert abs(rows.min() - y1) <= 1.5
    assert abs(rows.max() + 1 - y2) <= 1.5


def test_a_whole_view_is_letterboxed_as_in_serving() -> None:
    view = view_of(frame(), ViewParams(whole=1, empty=0, swap=0, effects=STILL), 0)
    assert (view.image[72:] == 114).all()
    assert not (view.image[:72] == 114).all(axis=2).any()


def test_another_background_leaves_the_people() -> None:
    view = view_of(frame(), ViewParams(whole=1, empty=0, swap=1, effects=STILL), 0)
    colours = {tuple(colour) for colour in view.image[:70:7, ::7].reshape(-1, 3).tolist()}
    assert (50, 50, 50) in colours
    assert BLUE not in colours


def test_who_is_hardly_seen_is_unclear() -> None:
    view = view_of(frame(visibility=0.1), ViewParams(whole=1, empty=0, effects=STILL), 0)
    assert (len(view.people), len(view.unclear)) == (0, 1)


def test_who_is_tiny_is_unclear() -> None:
    view = view_of(frame(), ViewParams(whole=1, empty=0, least_side_px=13, effects=STILL), 0)
    assert (len(view.people), len(view.unclear)) == (0, 1)


def test_frames_are_read_as_they_were_written(tmp_path: Path) -> None:
    nobody = LabelledFrame(
        np.zeros((60, 80, 3), np.uint8), np.zeros((60, 80), bool), np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
    )
    assert write_frames(tmp_path, [frame(), nobody, frame(visibility=0.5)]) == 3
    found = FrameSet([tmp_path])
    assert len(found) == 3
    assert np.abs(found[0].image.astype(int) - frame().image).mean() < 6
    assert np.array_equal(found[0].is_person, frame().is_person)
    assert np.array_equal(found[2].boxes, frame().boxes)
    assert found[2].visibility.tolist() == [0.5]
    assert len(found[1].boxes) == 0


def test_folders_without_frames_are_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(FrameSetError, match=r"expected people\.npz in"):
        FrameSet([tmp_path])
    write_frames(tmp_path, [])
    with pytest.raises(FrameSetError, match="found none: render some"):
        FrameSet([tmp_path])
