import time

from pipeline.sources.live_clock import LiveClock, Pace


def test_our_clock_tells_the_wall_time() -> None:
    assert abs(LiveClock().now_s() - time.time()) < 0.5


def test_a_frame_has_the_time_of_its_arrival_until_the_sender_tells_its_own() -> None:
    clock = LiveClock()
    assert clock.stamp(None, 100.0) == (100.0, "receive")
    assert clock.stamp(100.1, 100.2) == (100.1, "sender")


def test_a_frame_whose_time_is_not_after_the_last_has_none() -> None:
    clock = LiveClock()
    clock.stamp(None, 100.0)
    assert clock.stamp(99.9, 100.1) is None
    assert clock.stamp(100.0, 100.2) is None
    assert clock.stamp(100.1, 100.3) == (100.1, "sender")


def test_a_senders_clock_that_was_never_set_is_not_believed() -> None:
    assert LiveClock().stamp(12.0, 100.0) == (100.0, "receive")


def test_images_of_one_lump_are_spread_over_the_time_they_play() -> None:
    pace = Pace()
    assert [pace.hold_s(stream_s, now_s=50.0) for stream_s in (7.0, 7.5, 8.0)] == [0.0, 0.5, 1.0]


def test_a_late_image_is_not_held_and_the_next_are_counted_from_it() -> None:
    pace = Pace()
    pace.hold_s(7.0, now_s=50.0)
    assert pace.hold_s(7.5, now_s=53.0) == 0.0
    assert pace.hold_s(8.0, now_s=53.0) == 0.5


def test_a_jump_in_the_streams_time_holds_nothing_back() -> None:
    pace = Pace()
    pace.hold_s(7.0, now_s=50.0)
    assert pace.hold_s(5000.0, now_s=50.1) == 0.0


def test_an_image_without_a_time_is_not_held() -> None:
    assert Pace().hold_s(None, now_s=50.0) == 0.0
