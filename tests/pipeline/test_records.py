import numpy as np
import pytest

from passerby_events.tracks import TrackKey
from pipeline.records import Tracklet


def tracklet(*, crops: int = 3, times: int = 3, boxes: int = 3, quality: int = 3) -> Tracklet:
    return Tracklet(
        TrackKey("door", "r", 1),
        0,
        1.0,
        2.0,
        "receive",
        np.zeros((crops, 4, 2, 3), np.uint8),
        np.zeros(times),
        np.zeros((boxes, 4), np.float32),
        np.ones(quality, np.float32),
    )


def test_a_tracklet_has_as_many_of_everything() -> None:
    assert len(tracklet().crops) == 3


@pytest.mark.parametrize("wrong", [{"crops": 2}, {"times": 4}, {"boxes": 0}, {"quality": 1}])
def test_rows_that_do_not_line_up_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="do not line up as"):
        tracklet(**wrong)


def test_a_tracklet_without_crops_is_none() -> None:
    with pytest.raises(ValueError, match="with T > 0"):
        tracklet(crops=0, times=0, boxes=0, quality=0)


def test_tracks_are_named_and_ordered_by_camera_run_and_number() -> None:
    keys = [TrackKey("yard", "a", 1), TrackKey("door", "b", 2), TrackKey("door", "a", 10), TrackKey("door", "a", 9)]
    assert [str(key) for key in sorted(keys)] == ["door/a/9", "door/a/10", "door/b/2", "yard/a/1"]
