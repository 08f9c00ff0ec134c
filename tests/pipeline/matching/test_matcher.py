"""From embeddings to events. A vector is a direction in the plane; two are one person within about 25 degrees."""

from collections.abc import Sequence

import numpy as np
import pytest

from passerby_events.reasons import SameCameraSameTime
from passerby_events.schema import IdentityEvent
from passerby_events.tracks import TrackKey
from pipeline.events.ids import run_id
from pipeline.events.memory import MemorySink
from pipeline.matching.calibration import Calibration, Curve
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import MemoryGallery, Retention
from pipeline.matching.policy import MatchParams
from pipeline.records import EmbeddedWindow, Embedding
from testing.matching.windows import SITE, embedding, end, window


class Desk:
    """A matcher with a gallery and a sink in memory."""

    def __init__(self, retention: Retention | None = None, calibration: Calibration | None = None) -> None:
        self.sink = MemorySink()
        self.gallery = MemoryGallery(self.sink, retention)
        self.matcher = Matcher(
            self.gallery,
            SITE,
            MatchParams(threshold=0.9, same_camera_extra=0.0, margin=0.02, deferral_band=0.0),
            calibration,
        )

    def see(self, *windows: EmbeddedWindow) -> list[IdentityEvent]:
        before = len(self.sink.events)
        for each in windows:
            self.matcher.step(each)
        return self.sink.events[before:]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def kinds(events: Sequence[IdentityEvent]) -> list[tuple[str, str]]:
    return [(event.kind, event.seen.camera) for event in events]


def test_someone_appears_is_recognised_elsewhere_and_leaves(desk: Desk) -> None:
    events = desk.see(
        window(10, [embedding("door", 1, 0, 5, 9)]),
        window(12, [], [end("door", 1, 4, 9)]),
        window(20, [embedding("yard", 1, 10, 15, 19)]),
    )
    assert kinds(events) == [("person.appeared", "door"), ("track.ended", "door"), ("person.matched", "yard")]
    assert len({event.person for event in events}) == 1
    matched = events[2]
    assert matched.kind == "person.matched"
    assert matched.seen_before.camera == "door"
    assert (matched.seen_before.start, matched.seen_before.end) == (4, 9)
    assert matched.similarity == pytest.approx(np.cos(np.radians(10)), abs=1e-4)
    assert matched.threshold == pytest.approx(0.9)
    assert matched.probability is None


def test_a_run_is_named_after_its_first_track_and_goes_on(desk: Desk) -> None:
    windows = (
        window(10, [embedding("door", 1, 0, 5, 9)], [end("door", 1, 5, 9)]),
        window(20, [embedding("yard", 1, 60, 15, 19)]),
    )
    events = desk.see(*windows)
    assert {event.run for event in events} == {run_id("shop", TrackKey("door", "r", 1))}
    assert {event.run for event in Desk().see(*windows)} == {events[0].run}
    assert {event.run for event in Desk().see(windows[1])}.isdisjoint({events[0].run})


def test_more_of_a_known_track_is_no_news(desk: Desk) -> None:
    desk.see(window(10, [embedding("door", 1, 0, 5, 9)]))
    assert desk.see(window(20, [embedding("door", 1, 60, 10, 19, tracklet_index=1)])) == []


def test_a_tracklet_that_comes_twice_changes_nothing(desk: Desk) -> None:
    first = embedding("door", 1, 0, 5, 9)
    desk.see(window(10, [first]))
    desk.see(window(11, [first]))
    np.testing.assert_allclose(desk.gallery.known().row(0).total, [1, 0])


def test_an_end_that_comes_twice_is_told_once(desk: Desk) -> None:
    twice = end("door", 1, 5, 9)
    first = embedding("door", 1, 0, 5, 9)
    assert kinds(desk.see(window(10, [first], [twice, twice]))) == [
        ("person.appeared", "door"),
        ("track.ended", "door"),
    ]
    assert desk.see(window(11, [first], [twice])) == []


def test_the_descriptor_is_the_mean_of_the_tracklets(desk: Desk) -> None:
    desk.see(
        window(10, [embedding("door", 1, 0, 5, 9)]), window(20, [embedding("door", 1, 40, 10, 19, tracklet_index=1)])
    )
    np.testing.assert_allclose(
        desk.gallery.known().row(0).descriptor, [np.cos(np.radians(20)), np.sin(np.radians(20))], atol=1e-6
    )


def test_an_unclear_track_is_decided_when_it_ends(desk: Desk) -> None:
    desk.see(window(10, [embedding("door", 1, 10, 5, 9), embedding("door", 2, -10, 5, 9)]))
    assert len(desk.see(window(12, [], [end("door", 1, 5, 9), end("door", 2, 5, 9)]))) == 2
    assert desk.see(window(20, [embedding("yard", 1, 0.3, 15, 19)])) == []
    events = desk.see(window(22, [], [end("yard", 1, 15, 20)]))
    assert kinds(events) == [("person.matched", "yard"), ("track.ended", "yard")]


def test_more_of_an_unclear_track_can_clear_it(desk: Desk) -> None:
    desk.see(window(10, [embedding("door", 1, 10, 5, 9), embedding("door", 2, -10, 5, 9)]))
    desk.see(window(12, [], [end("door", 1, 5, 9), end("door", 2, 5, 9)]))
    assert desk.see(window(20, [embedding("yard", 1, 0, 15, 19)])) == []
    (event,) = desk.see(window(25, [embedding("yard", 1, 16, 20, 24, tracklet_index=1)]))
    assert event.kind == "person.matched"
    assert event.seen_before.track == 1


def test_somebody_still_in_view_is_not_somebody_else_there(desk: Desk) -> None:
    desk.see(window(10, [embedding("door", 1, 0, 5, 9)]))
    (event,) = desk.see(window(30, [embedding("door", 2, 0, 20, 29)]))
    assert event.kind == "person.appeared"
    (runner_up,) = event.runners_up
    assert runner_up.ruled_out_by == SameCameraSameTime(camera="door", gap_s=None, min_gap_s=0)


def test_an_end_in_the_same_window_frees_the_person(desk: Desk) -> None:
    desk.see(window(10, [embedding("door", 1, 0, 5, 9)]))
    events = desk.see(window(30, [embedding("door", 2, 0, 20, 29)], [end("door", 1, 5, 12)]))
    assert kinds(events) == [("person.matched", "door"), ("track.ended", "door")]


def test_a_track_without_an_embedding_ends_in_silence(desk: Desk) -> None:
    assert desk.see(window(10, [], [end("door", 1, 5, 9)])) == []


def test_events_have_the_same_ids_every_time() -> None:
    windows = [window(10, [embedding("door", 1, 0, 5, 9)]), window(20, [embedding("yard", 1, 5, 15, 19)])]
    first, second = Desk().see(*windows), Desk().see(*windows)
    assert [event.model_dump_json() for event in first] == [event.model_dump_json() for event in second]
    assert len({event.event_id for event in first}) == 2


def test_who_was_seen_too_long_ago_is_forgotten() -> None:
    desk = Desk(Retention(keep_s=100))
    desk.see(window(10, [embedding("door", 1, 0, 5, 9)], [end("door", 1, 5, 9)]))
    desk.see(window(50))
    assert len(desk.gallery.known()) == 1
    desk.see(window(110))
    assert len(desk.gallery.known()) == 0
    (event,) = desk.see(window(120, [embedding("door", 2, 0, 115, 119)]))
    assert event.kind == "person.appeared"


def test_the_gallery_never_holds_more_than_it_may() -> None:
    desk = Desk(Retention(max_tracks=50))
    for i in range(200):
        desk.see(
            window(10 * i + 10, [embedding("door", i, 7 * i, 10 * i, 10 * i + 5)], [end("door", i, 10 * i, 10 * i + 5)])
        )
    known = desk.gallery.known()
    assert len(known) == 50
    assert sorted(known.row(i).track.track for i in range(50)) == list(range(150, 200))
    for i in range(50):
        assert known.index(known.row(i).track) == i
        np.testing.assert_array_equal(known.arrays.vectors[i], known.row(i).descriptor)
        assert known.person(int(known.arrays.persons[i])) == known.row(i).person


def test_vectors_of_two_models_never_compare(desk: Desk) -> None:
    desk.see(window(10, [embedding("door", 1, 0, 5, 9)]))
    other = embedding("door", 2, 0, 15, 19)
    changed = Embedding(**{name: getattr(other, name) for name in Embedding.__slots__} | {"model_id": "n@2"})
    with pytest.raises(ValueError, match="holds vectors of m@1, found one of n@2"):
        desk.see(window(20, [changed]))


@pytest.mark.parametrize(("camera", "extra"), [("yard", 0.0), ("door", 0.05)])
def test_elsewhere_a_match_is_as_probable_as_the_encoder_s_curve_says(camera: str, extra: float) -> None:
    """Strangers of one camera look more alike, so as much similarity says less there."""
    sink = MemorySink()
    params = MatchParams(threshold=0.9, same_camera_extra=0.05, deferral_band=0.0, slope=40.0, even=0.95)
    matcher = Matcher(MemoryGallery(sink), SITE, params)
    matcher.step(window(10, [embedding("door", 1, 0, 5, 9)]))
    matcher.step(window(12, [], [end("door", 1, 4, 9)]))
    matcher.step(window(20, [embedding(camera, 2, 10, 15, 19)]))
    [matched] = (event for event in sink.events if event.kind == "person.matched")
    log_odds = 40 * (np.cos(np.radians(10)) - 0.95 - extra)
    assert matched.probability == pytest.approx(1 / (1 + np.exp(-log_odds)), abs=1e-4)


def test_a_calibrated_site_says_how_probable_a_match_is() -> None:
    curve = Curve(
        threshold=0.95,
        interval=(0.9, 1.0),
        true_match_rate=0.8,
        slope=40.0,
        intercept=-38.0,
        same_pairs=9,
        different_pairs=9,
    )
    desk = Desk(calibration=Calibration(model_id="m@1", false_match_rate=0.01, prior=0.5, overall=curve))
    desk.see(window(10, [embedding("door", 1, 0, 5, 9)], [end("door", 1, 5, 9)]))
    (near,) = desk.see(window(20, [embedding("yard", 1, 10, 15, 19)]))
    assert near.kind == "person.matched"
    assert near.probability == pytest.approx(1 / (1 + np.exp(-(40 * np.cos(np.radians(10)) - 38))), abs=1e-4)
    (far,) = desk.see(window(30, [embedding("yard", 2, -20, 25, 29)]))
    assert far.kind == "person.appeared"


def test_two_tracks_of_one_camera_must_be_more_similar() -> None:
    sink = MemorySink()
    matcher = Matcher(MemoryGallery(sink), SITE, MatchParams(threshold=0.9, same_camera_extra=0.08, deferral_band=0.0))
    matcher.step(window(10, [embedding("door", 1, 0, 5, 9)], [end("door", 1, 5, 9)]))
    matcher.step(window(20, [embedding("door", 2, 15, 15, 19)]))
    matcher.step(window(30, [embedding("yard", 1, 12, 22, 29)]))
    assert kinds(sink.events)[2:] == [("person.appeared", "door"), ("person.matched", "yard")]
