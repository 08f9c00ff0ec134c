from dataclasses import replace

import numpy as np
import pytest

from pipeline.matching.sightings import NOBODY, are_lone, extend_sighting, person_of, side_by_side, start_sighting
from testing.matching.windows import embedding
from testing.sightings import sighting


def test_a_track_points_where_its_tracklets_point_together() -> None:
    first, second = embedding("door", 1, 0, 5, 9), embedding("door", 1, 90, 10, 14, 1)
    track = extend_sighting(start_sighting(first), second)
    np.testing.assert_allclose(track.descriptor, [np.sqrt(0.5), np.sqrt(0.5)], rtol=1e-6)
    assert (track.start_s, track.end_s, track.tracklet_index) == (5, 14, 1)
    np.testing.assert_array_equal(track.box, second.box)


def test_a_tracklet_that_comes_again_changes_nothing() -> None:
    first, second = embedding("door", 1, 0, 5, 9), embedding("door", 1, 90, 10, 14, 1)
    track = extend_sighting(start_sighting(first), second)
    assert extend_sighting(track, first) is track
    assert extend_sighting(track, second) is track


def test_what_was_decided_of_a_track_stays_as_it_goes_on() -> None:
    decided = replace(sighting(1, 10), revision=2)
    track = extend_sighting(decided, embedding("door", 1, 0, 10, 14, 1))
    assert (track.person, track.revision) == (decided.person, 2)
    assert person_of(track) == decided.person


def test_who_is_not_decided_has_no_person() -> None:
    with pytest.raises(AssertionError, match="door/r/1 is not decided yet"):
        person_of(sighting(1, 10, person=False))


def test_side_by_side_the_rows_are_of_nobody_and_cameras_have_their_numbers() -> None:
    door, yard = start_sighting(embedding("door", 1, 0, 5, 9)), start_sighting(embedding("yard", 2, 90, 6, 8))
    arrays = side_by_side([yard, replace(door, is_open=False)], ["door", "yard"])
    assert arrays.cameras.tolist() == [1, 0]
    assert arrays.persons.tolist() == [NOBODY, NOBODY]
    assert arrays.still_there.tolist() == [True, False]
    np.testing.assert_allclose(arrays.vectors, [[0, 1], [1, 0]], atol=1e-6)
    swapped = arrays.take_rows(np.array([1, 0]))
    assert (swapped.start_s.tolist(), swapped.end_s.tolist()) == ([5, 6], [9, 8])


def test_a_track_is_lone_if_its_person_has_no_other_and_nobodys_is_not() -> None:
    arrays = side_by_side([sighting(track, 10.0) for track in range(5)], ["door"])
    persons = np.array([4, NOBODY, 7, 4, NOBODY], np.int64)
    assert are_lone(replace(arrays, persons=persons)).tolist() == [False, False, True, False, False]
    assert are_lone(arrays).tolist() == [False] * 5
    assert are_lone(arrays.take_rows(np.zeros(0, np.intp))).tolist() == []
