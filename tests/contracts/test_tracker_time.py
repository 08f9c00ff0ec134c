"""Neither the frame rate nor dropped frames change which id a person has; run over all trackers."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.detections import Detections
from trackers.bytetrack import ByteTrack
from trackers.ocsort import OcSort
from trackers.tracker import Tracker

START_S = 1.7e9
FPS = 30
FRAMES = 10 * FPS
PEOPLE = 12

MakeTracker = Callable[[], Tracker]


@pytest.fixture(params=[ByteTrack, OcSort])
def make(request: pytest.FixtureRequest) -> MakeTracker:
    made: MakeTracker = request.param
    return made


class Street:
    """People who enter one after the other, cross each other's way, and pass a pillar that hides each for a second."""

    def __init__(self) -> None:
        random = np.random.default_rng(5)
        self._enter_s = np.arange(PEOPLE) * 0.4
        self._height = random.uniform(120, 180, PEOPLE)
        self._start_x = np.where(np.arange(PEOPLE) % 2, 1200.0, 0.0)
        self._speed_x = np.where(np.arange(PEOPLE) % 2, -1, 1) * random.uniform(100, 140, PEOPLE)
        self._feet_y = 200 + 60.0 * np.arange(PEOPLE)
        self._jitter = random.normal(0, 0.01, (FRAMES, PEOPLE, 4))

    def see(self, frame: int) -> tuple[NDArray[np.intp], Detections]:
        """Who is seen in a frame, and their boxes, row by row."""
        walked_s = frame / FPS - self._enter_s
        x, width = self._start_x + self._speed_x * walked_s, 0.4 * self._height
        boxes = np.stack([x, self._feet_y - self._height, x + width, self._feet_y], axis=1)
        boxes += self._jitter[frame] * self._height[:, None]
        is_hidden = (walked_s > 2) & (walked_s < 3)
        people = np.flatnonzero((walked_s >= 0) & ~is_hidden)
        return people, Detections(boxes[people].astype(np.float32), np.full(len(people), 0.9, np.float32))


def ids_of_people(tracker: Tracker, frames: NDArray[np.intp]) -> list[set[int]]:
    """The ids that each person is shown under."""
    street, ids = Street(), [set[int]() for _ in range(PEOPLE)]
    for frame in frames:
        people, detections = street.see(int(frame))
        shown = tracker.update(detections, START_S + frame / FPS)
        distance = np.abs(shown.boxes[:, None] - detections.boxes[None]).sum(axis=2)
        for row, nearest in enumerate(distance.argmin(axis=1) if len(shown) else []):
            ids[people[nearest]].add(int(shown.ids[row]))
    return ids


def test_at_full_rate_everybody_keeps_one_id(make: MakeTracker) -> None:
    assert ids_of_people(make(), np.arange(FRAMES)) == [{person + 1} for person in range(PEOPLE)]


@pytest.mark.parametrize("every", [2, 3, 6])
def test_at_a_lower_rate_the_ids_are_the_same(make: MakeTracker, every: int) -> None:
    assert ids_of_people(make(), np.arange(0, FRAMES, every)) == ids_of_people(make(), np.arange(FRAMES))


@pytest.mark.parametrize("every", [1, 2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_with_a_fifth_of_the_frames_dropped_the_ids_are_the_same(make: MakeTracker, every: int, seed: int) -> None:
    frames = np.arange(0, FRAMES, every)
    kept = frames[np.random.default_rng(seed).random(len(frames)) > 0.2]
    assert ids_of_people(make(), kept) == ids_of_people(make(), np.arange(FRAMES))


@pytest.mark.parametrize("seed", range(5))
def test_with_frames_at_uneven_times_the_ids_are_the_same(make: MakeTracker, seed: int) -> None:
    steps = np.random.default_rng(seed).integers(1, 7, FRAMES)
    frames = np.cumsum(steps)
    assert ids_of_people(make(), frames[frames < FRAMES]) == ids_of_people(make(), np.arange(FRAMES))


@pytest.mark.parametrize("fps", [2.0, 10.0, 60.0])
def test_a_lost_person_is_given_up_after_the_same_time(make: MakeTracker, fps: float) -> None:
    tracker, box = make(), np.array([[100, 100, 140, 200]], np.float32)
    seen, unseen = Detections(box, np.ones(1, np.float32)), Detections(box[:0], np.empty(0, np.float32))
    for frame in range(int(2 * fps)):
        tracker.update(seen, START_S + frame / fps)
    last_seen_s = START_S + (2 * fps - 1) / fps
    ended_s = next(
        time_s for time_s in last_seen_s + np.arange(1, 10 * fps) / fps if len(tracker.update(unseen, time_s).ended)
    )
    assert ended_s - last_seen_s == pytest.approx(2.0, abs=1.01 / fps)


def test_after_an_outage_nobody_is_taken_for_who_stood_there_before(make: MakeTracker) -> None:
    tracker, box = make(), Detections(np.array([[100, 100, 140, 200]], np.float32), np.ones(1, np.float32))
    for frame in range(10):
        tracker.update(box, START_S + frame / FPS)
    assert tracker.update(box, START_S + 3600).ended.tolist() == [1]
    assert tracker.update(box, START_S + 3600 + 1 / FPS).ids.tolist() == [2]
