"""What every tracker keeps to, run over all of them."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.detections import Detections, no_detections
from trackers.bytetrack import ByteTrack
from trackers.ocsort import OcSort
from trackers.tracker import Tracker
from trackers.tracks import Tracks

START_S = 1.7e9
STEP_S = 1 / 30

MakeTracker = Callable[[], Tracker]


@pytest.fixture(params=[ByteTrack, OcSort])
def make(request: pytest.FixtureRequest) -> MakeTracker:
    made: MakeTracker = request.param
    return made


def seen(*boxes: tuple[float, float, float, float], score: float = 0.9) -> Detections:
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), score, np.float32))


def walkers(people: int, frames: int, seed: int = 0) -> list[Detections]:
    """People who walk at random through an image, with one in ten boxes missed, and one in ten doubtful."""
    random = np.random.default_rng(seed)
    corner, speed = random.uniform(0, 1500, (people, 2)), random.normal(0, 3, (people, 2))
    size = random.uniform(80, 200, (people, 1)) * np.array([[0.4, 1.0]])
    made = []
    for _ in range(frames):
        corner = corner + speed
        boxes = np.hstack([corner, corner + size]) + random.normal(0, 1, (people, 4))
        scores = np.where(random.random(people) < 0.1, 0.3, 0.9)
        keep = random.random(people) > 0.1
        made.append(Detections(boxes[keep].astype(np.float32), scores[keep].astype(np.float32)))
    return made


def track(tracker: Tracker, frames: list[Detections], start_s: float = START_S) -> list[Tracks]:
    return [tracker.update(frame, start_s + index * STEP_S) for index, frame in enumerate(frames)]


def all_of(arrays: list[NDArray[np.int64]]) -> list[int]:
    return [int(number) for array in arrays for number in array]


def test_frames_without_detections_are_frames(make: MakeTracker) -> None:
    tracker = make()
    assert [len(tracks) for tracks in track(tracker, [no_detections()] * 5)] == [0] * 5
    assert len(tracker.flush().ended) == 0


def test_someone_who_stays_keeps_one_id(make: MakeTracker) -> None:
    shown = track(make(), [seen((100, 100, 140, 200))] * 30)
    assert set(all_of([tracks.ids for tracks in shown])) == {1}
    assert len(shown[-1]) == 1


def test_only_those_detected_in_this_frame_are_shown(make: MakeTracker) -> None:
    tracker = make()
    both, one = seen((100, 100, 140, 200), (500, 100, 540, 200)), seen((500, 100, 540, 200))
    track(tracker, [both] * 10)
    shown = tracker.update(one, START_S + 10 * STEP_S)
    assert shown.boxes[:, 0] == pytest.approx([500], abs=1)
    assert len(tracker.update(no_detections(), START_S + 11 * STEP_S)) == 0


def test_ids_are_unique_in_every_frame(make: MakeTracker) -> None:
    for shown in track(make(), walkers(people=40, frames=60)):
        assert len(set(shown.ids.tolist())) == len(shown)


def test_each_shown_id_ends_exactly_once_and_no_other_does(make: MakeTracker) -> None:
    tracker = make()
    comers_and_goers = [frame for seed in range(3) for frame in walkers(15, 30, seed) + [no_detections()] * 80]
    shown = [*track(tracker, comers_and_goers), tracker.flush()]
    ended = all_of([tracks.ended for tracks in shown])
    assert sorted(ended) == sorted(set(all_of([tracks.ids for tracks in shown])))
    assert len(ended) >= 45


def test_an_id_that_ended_never_comes_back(make: MakeTracker) -> None:
    ended: set[int] = set()
    for shown in track(make(), (walkers(15, 30) + [no_detections()] * 80) * 3):
        assert not ended & set(shown.ids.tolist())
        ended |= set(shown.ended.tolist())
    assert ended


def test_after_the_flush_nothing_is_open(make: MakeTracker) -> None:
    tracker = make()
    track(tracker, [seen((100, 100, 140, 200))] * 5)
    flushed = tracker.flush()
    assert (len(flushed), flushed.ended.tolist()) == (0, [1])
    assert len(tracker.flush().ended) == 0


@pytest.mark.parametrize("later_s", [0.0, -1.0, float("nan"), float("inf")])
def test_time_must_go_forward(make: MakeTracker, later_s: float) -> None:
    tracker = make()
    tracker.update(no_detections(), START_S)
    with pytest.raises(ValueError, match="time must go forward"):
        tracker.update(no_detections(), START_S + later_s)


def test_two_trackers_do_not_share_ids(make: MakeTracker) -> None:
    one, other = make(), make()
    frames = walkers(people=10, frames=10)
    for mine, theirs in zip(track(one, frames), track(other, frames), strict=True):
        np.testing.assert_array_equal(mine.ids, theirs.ids)
        np.testing.assert_array_equal(mine.boxes, theirs.boxes)


def test_what_was_handed_in_is_not_changed(make: MakeTracker) -> None:
    frames = walkers(people=20, frames=20)
    for frame in frames:
        frame.boxes.flags.writeable = False
        frame.scores.flags.writeable = False
    track(make(), frames)


def test_what_was_handed_out_is_not_changed_later(make: MakeTracker) -> None:
    tracker, frames = make(), walkers(people=20, frames=20)
    shown = track(tracker, frames)
    copies = [(tracks.ids.copy(), tracks.boxes.copy(), tracks.scores.copy()) for tracks in shown]
    track(tracker, frames, start_s=START_S + 1)
    for tracks, (ids, boxes, scores) in zip(shown, copies, strict=True):
        np.testing.assert_array_equal(tracks.ids, ids)
        np.testing.assert_array_equal(tracks.boxes, boxes)
        np.testing.assert_array_equal(tracks.scores, scores)


def test_the_order_of_the_detections_does_not_matter(make: MakeTracker) -> None:
    random = np.random.default_rng(7)
    frames = walkers(people=30, frames=40)
    shuffled = [frame.where(random.permutation(len(frame))) for frame in frames]
    for mine, theirs in zip(track(make(), frames), track(make(), shuffled), strict=True):
        np.testing.assert_array_equal(mine.ids, theirs.ids)
        np.testing.assert_allclose(mine.boxes, theirs.boxes, rtol=1e-5)
        np.testing.assert_array_equal(mine.scores, theirs.scores)


def test_ids_are_int64_and_the_rest_is_float32(make: MakeTracker) -> None:
    tracker = make()
    for shown in [*track(tracker, walkers(people=5, frames=5)), tracker.flush()]:
        assert {shown.ids.dtype, shown.ended.dtype} == {np.dtype(np.int64)}
        assert {shown.boxes.dtype, shown.scores.dtype} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    "odd",
    [
        (50, 50, 50, 90),
        (50, 90, 80, 50),
        (np.nan, 50, 80, 90),
        (50, 50, np.inf, 90),
        (-np.inf, 50, np.inf, 90),
        (np.inf, 50, np.inf, 90),
    ],
)
def test_a_box_without_extent_is_passed_over(make: MakeTracker, odd: tuple[float, float, float, float]) -> None:
    for shown in track(make(), [seen((100, 100, 140, 200), odd)] * 10)[2:]:
        assert shown.ids.tolist() == [1]
        assert np.isfinite(shown.boxes).all()


def test_a_score_that_is_no_number_is_passed_over(make: MakeTracker) -> None:
    assert not all_of([shown.ids for shown in track(make(), [seen((0, 0, 40, 100), score=np.nan)] * 10)])


def test_a_thousand_people_are_tracked(make: MakeTracker) -> None:
    corner = np.stack(np.meshgrid(np.arange(40.0), np.arange(25.0)), axis=-1).reshape(-1, 2) * 50
    boxes = np.hstack([corner, corner + np.array([30, 45])])
    frames = [seen(*(boxes + index)) for index in range(10)]
    assert track(make(), frames)[-1].ids.tolist() == list(range(1, 1001))


def test_the_epoch_costs_no_precision(make: MakeTracker) -> None:
    frames = walkers(people=30, frames=60)
    for now, then in zip(track(make(), frames), track(make(), frames, start_s=0.0), strict=True):
        np.testing.assert_array_equal(now.ids, then.ids)
        np.testing.assert_allclose(now.boxes, then.boxes, atol=0.01)
