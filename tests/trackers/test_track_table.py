from itertools import count

import numpy as np
import pytest

from trackers.track_table import elapsed_s, enrol, show_tracks


def test_ids_count_up_over_enrolments() -> None:
    ids = count(1)
    table = enrol(ids, 2, 10.0, 0.03).join(enrol(ids, 1, 11.0, 0.03))
    assert table.ids.tolist() == [1, 2, 3]
    assert table.first_s.tolist() == [10.0, 10.0, 11.0]


def test_a_row_is_confirmed_once_it_was_seen_for_long_enough() -> None:
    table = enrol(count(1), 2, 10.0, 0.5)
    assert not table.see(np.array([0]), 10.4, 0.5).is_confirmed.any()
    assert table.see(np.array([0]), 10.5, 0.5).is_confirmed.tolist() == [True, False]


def test_once_confirmed_is_always_confirmed() -> None:
    table = enrol(count(1), 1, 10.0, 0.0)
    assert table.see(np.array([0]), 10.1, 5.0).is_confirmed.all()


def test_confirmed_rows_are_waited_for_longer() -> None:
    table = enrol(count(1), 2, 10.0, 0.5).see(np.array([0]), 10.5, 0.5).see(np.array([1]), 10.4, 0.5)
    assert table.is_given_up(11.0, lost_after_s=2.0, doubtful_after_s=0.2).tolist() == [False, True]
    assert table.is_given_up(12.6, lost_after_s=2.0, doubtful_after_s=0.2).tolist() == [True, True]


def test_only_confirmed_rows_are_shown_and_end() -> None:
    table = enrol(count(1), 4, 10.0, 0.5).see(np.array([0, 2]), 10.5, 0.5)
    tracks = show_tracks(table, np.array([0, 1]), np.ones((4, 2)), np.ones(2, np.float32), np.array([0, 0, 1, 1], bool))
    assert (tracks.ids.tolist(), tracks.ended.tolist()) == ([1], [3])


@pytest.mark.parametrize("time_s", [5.0, 4.9, np.nan, np.inf])
def test_time_that_does_not_go_forward_is_refused(time_s: float) -> None:
    with pytest.raises(ValueError, match=r"later than 5\.0 s"):
        elapsed_s(5.0, time_s)


def test_before_the_first_frame_no_time_has_passed() -> None:
    assert elapsed_s(-np.inf, 1.7e9) == 0.0
