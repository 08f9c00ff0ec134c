import numpy as np

from detectors.detections import Detections
from trackers.bytetrack import ByteTrack, ByteTrackParams

BOX = (100.0, 100.0, 140.0, 200.0)
STEP_S = 1 / 30


def seen(*rows: tuple[tuple[float, float, float, float], float]) -> Detections:
    boxes, scores = [box for box, _ in rows], [score for _, score in rows]
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32))


def test_a_doubtful_detection_prolongs_a_track() -> None:
    tracker = ByteTrack()
    scores = [0.9, 0.9, 0.9, 0.2, 0.2]
    shown = [tracker.update(seen((BOX, score)), index * STEP_S) for index, score in enumerate(scores)]
    assert [tracks.ids.tolist() for tracks in shown] == [[], [1], [1], [1], [1]]
    np.testing.assert_allclose(shown[-1].scores, [0.2])


def test_a_doubtful_detection_starts_no_track() -> None:
    tracker = ByteTrack()
    assert all(not len(tracker.update(seen((BOX, 0.4)), index * STEP_S)) for index in range(10))


def test_a_sure_detection_is_preferred_to_a_doubtful_one_that_fits_better() -> None:
    tracker = ByteTrack()
    for index in range(5):
        tracker.update(seen((BOX, 0.9)), index * STEP_S)
    beside = (108.0, 100.0, 148.0, 200.0)
    shown = tracker.update(seen((BOX, 0.3), (beside, 0.9)), 5 * STEP_S)
    assert shown.ids.tolist() == [1]
    np.testing.assert_allclose(shown.scores, [0.9])


def test_a_flicker_is_never_shown_and_never_ends() -> None:
    tracker = ByteTrack()
    flicker = [tracker.update(seen((BOX, 0.9)), 0.0)]
    flicker += [tracker.update(seen(), index * STEP_S) for index in range(1, 200)]
    assert not any(len(tracks) or len(tracks.ended) for tracks in [*flicker, tracker.flush()])


def test_without_a_time_to_confirm_everybody_is_shown_at_once() -> None:
    tracker = ByteTrack(ByteTrackParams(confirm_after_s=0.0))
    assert tracker.update(seen((BOX, 0.9)), 0.0).ids.tolist() == [1]
    assert tracker.flush().ended.tolist() == [1]


def test_a_confirmed_track_is_served_before_one_that_is_not() -> None:
    tracker = ByteTrack()
    for index in range(5):
        tracker.update(seen((BOX, 0.9)), index * STEP_S)
    newcomer = (112.0, 100.0, 152.0, 200.0)
    tracker.update(seen((BOX, 0.9), (newcomer, 0.9)), 5 * STEP_S)
    between = (110.0, 100.0, 150.0, 200.0)
    assert tracker.update(seen((between, 0.9)), 6 * STEP_S).ids.tolist() == [1]


def test_someone_hidden_while_walking_on_keeps_the_id() -> None:
    tracker, ids = ByteTrack(), set()
    for frame in range(90):
        x = 100 + 4.0 * frame
        is_hidden = 30 <= frame < 60
        shown = tracker.update(seen() if is_hidden else seen(((x, 100, x + 40, 200), 0.9)), frame * STEP_S)
        ids |= set(shown.ids.tolist())
    assert ids == {1}
