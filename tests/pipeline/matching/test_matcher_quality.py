"""What the matcher makes of tracklets that show little of a person. Two good ones are one within about 25 degrees."""

import numpy as np
import pytest

from pipeline.events.memory import MemorySink
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import MemoryGallery
from pipeline.matching.policy import MatchParams
from pipeline.matching.sightings import extend_sighting, start_sighting
from testing.matching.windows import SITE, embedding, end, window

POOR, HALF = 0.2, 0.3


def matcher() -> tuple[Matcher, MemorySink]:
    sink = MemorySink()
    params = MatchParams(threshold=0.9, same_camera_extra=0.0, deferral_band=0.0)
    found = Matcher(MemoryGallery(sink), SITE, params)
    found.step(window(10, [embedding("door", 1, 0, 5, 9)], [end("door", 1, 5, 9)]))
    sink.events.clear()
    return found, sink


@pytest.mark.parametrize(("quality", "angle", "is_matched"), [(1.0, 22, True), (POOR, 22, False), (POOR, 15, True)])
def test_a_poor_tracklet_must_be_more_similar(quality: float, angle: float, is_matched: bool) -> None:
    desk, sink = matcher()
    desk.step(window(20, [embedding("yard", 1, angle, 15, 19, quality=quality)]))
    assert [event.kind for event in sink.events] == ["person.matched"] * is_matched


def test_a_poor_track_waits_and_a_better_tracklet_of_it_says_who_it_is() -> None:
    desk, sink = matcher()
    waiting = desk.step(window(20, [embedding("yard", 1, 80, 15, 19, quality=POOR)])).waiting
    assert [each.track for each in waiting] == [1]
    assert sink.events == []
    desk.step(window(30, [embedding("yard", 1, 8, 20, 29, tracklet_index=1)]))
    assert [event.kind for event in sink.events] == ["person.matched"]


def test_a_poor_track_that_ends_unlike_anybody_is_nobody() -> None:
    desk, sink = matcher()
    desk.step(window(20, [embedding("yard", 1, 80, 15, 19, quality=POOR)]))
    outcome = desk.step(window(30, [], [end("yard", 1, 15, 29)]))
    assert (sink.events, outcome.events, outcome.waiting) == ([], (), ())
    assert [each.track for each in outcome.nobody] == [1]
    desk.step(window(40, [embedding("yard", 2, 80, 35, 39)]))
    assert [event.kind for event in sink.events] == ["person.appeared"]


def test_a_poor_track_that_lasts_is_somebody_new_after_all() -> None:
    desk, sink = matcher()
    for index in range(3):
        assert sink.events == []
        end_s = 19.0 + 10 * index
        desk.step(window(20 + 10 * index, [embedding("yard", 1, 80, 15, end_s, tracklet_index=index, quality=HALF)]))
    assert [event.kind for event in sink.events] == ["person.appeared"]
    assert sink.events[0].seen.quality == HALF


def test_what_shows_next_to_nothing_is_nobody_however_long_it_lasts() -> None:
    desk, sink = matcher()
    for index in range(5):
        poor = embedding("yard", 1, 80, 15, 19.0 + 10 * index, tracklet_index=index, quality=0.1)
        desk.step(window(20 + 10 * index, [poor]))
    desk.step(window(80, [], [end("yard", 1, 15, 69)]))
    assert sink.events == []


def test_a_good_tracklet_outweighs_the_poor_ones_of_its_track() -> None:
    sighting = start_sighting(embedding("yard", 1, 80, 15, 19, quality=POOR))
    sighting = extend_sighting(sighting, embedding("yard", 1, 0, 19, 29, tracklet_index=1))
    angle = np.degrees(np.arctan2(*sighting.descriptor[::-1]))
    assert 0 < angle < 10
    assert (sighting.quality, sighting.extra) == (1.0, 0.0)


def test_a_tracklet_of_no_quality_at_all_has_a_direction() -> None:
    sighting = start_sighting(embedding("yard", 1, 30, 15, 19, quality=0.0))
    assert np.degrees(np.arctan2(*sighting.descriptor[::-1])) == pytest.approx(30)
