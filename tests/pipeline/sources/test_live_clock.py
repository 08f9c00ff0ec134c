import time

import pytest

from pipeline.sources.live_clock import LiveClock, Pace


def test_our_clock_tells_the_wall_time() -> None:
    assert abs(LiveClock("door").now_s() - time.time()) < 0.5


def test_a_frame_has_the_time_of_its_arrival_until_the_sender_tells_its_own() -> None:
    clock = LiveClock("door")
    assert clock.stamp(None, 100.0) == (100.0, "receive")
    assert clock.stamp(100.1, 100.2) == (100.1, "sender")


def test_a_frame_whose_time_is_not_after_the_last_has_none() -> None:
    clock = LiveClock("door")
    clock.stamp(None, 100.0)
    assert clock.stamp(99.9, 100.1) is None
    assert clock.stamp(100.0, 100.2) is None
    assert clock.stamp(100.1, 100.3) == (100.1, "sender")


def test_a_senders_clock_that_was_never_set_is_not_believed() -> None:
    assert LiveClock("door").stamp(12.0, 100.0) == (100.0, "receive")


class Machine:
    """A machine whose clock can be set."""

    def __init__(self) -> None:
        self.wall_s = 1000.0
        self.up_s = 50.0

    def clock(self) -> LiveClock:
        return LiveClock("door", wall_s=lambda: self.wall_s, monotonic_s=lambda: self.up_s)

    def wait(self, duration_s: float) -> None:
        self.wall_s += duration_s
        self.up_s += duration_s


def test_a_step_of_the_machines_clock_ahead_is_followed_at_the_next_frame(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wait(1)
    assert clock.stamp(None, clock.now_s()) == (1001.0, "receive")
    machine.wall_s += 3600
    machine.wait(1)
    assert clock.stamp(4602.5, clock.now_s()) == (4602.5, "sender"), "the camera's clock was right all the time"
    machine.wait(1)
    assert clock.now_s() == 4603.0
    assert caplog.messages == ["camera door: this machine's clock was set by +3600.0 s"]


def test_a_step_back_is_followed_at_the_next_connection(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall_s -= 60
    machine.wait(1)
    assert clock.stamp(None, clock.now_s()) == (1001.0, "receive")
    assert not caplog.messages
    clock.connect()
    assert clock.stamp(None, clock.now_s()) is None
    machine.wait(61)
    assert clock.stamp(None, clock.now_s()) == (1002.0, "receive")
    assert "set by -60.0 s; frames are dropped" in caplog.text


def test_a_senders_clock_at_the_limit_does_not_flip() -> None:
    clock = LiveClock("door")
    stamps = [clock.stamp(100 + index, 104.8 + index + index % 2 * 0.4) for index in range(10)]
    assert stamps == [(100.0 + index, "sender") for index in range(10)]
    clock = LiveClock("door")
    stamps = [clock.stamp(100 + index, 105.2 + index + index % 2 * 6) for index in range(4)]
    assert {stamp and stamp[1] for stamp in stamps} <= {"receive", None}


def test_images_of_one_lump_are_spread_over_the_time_they_play() -> None:
    pace = Pace()
    assert [pace.hold_s(stream_s, now_s=50.0) for stream_s in (7.0, 7.5, 8.0)] == [0.0, 0.5, 1.0]


def test_after_a_hiccup_images_play_at_twice_their_pace_until_the_stream_is_where_it_was() -> None:
    """A second of images at 50, the next four seconds of them all at once at 54."""
    pace = Pace()
    pace.hold_s(0.0, now_s=50.0)
    assert pace.hold_s(1.0, now_s=54.0) == 0.0
    now_s, waited_s = 54.0, []
    for stream_s in (1.4, 1.8, 2.2, 2.6, 3.0, 3.4, 3.8, 4.2, 4.6, 5.0, 5.4, 5.8, 6.2, 6.6, 7.0, 7.4, 7.8):
        waited_s.append(pace.hold_s(stream_s, now_s))
        now_s += waited_s[-1]
    assert waited_s[:14] == pytest.approx([0.2] * 14)
    assert waited_s[-2:] == pytest.approx([0.4] * 2)
    assert now_s == pytest.approx(50 + 7.8)


def test_images_behind_a_gap_are_not_held_for_as_long_as_it_is() -> None:
    pace = Pace()
    pace.hold_s(0.0, now_s=50.0)
    pace.hold_s(1.0, now_s=60.0)
    assert pace.hold_s(8.0, now_s=60.0) == 0.25


def test_a_stream_that_stays_late_gets_a_new_pace() -> None:
    pace = Pace()
    pace.hold_s(0.0, now_s=50.0)
    for stream_s in range(1, 23):
        assert pace.hold_s(float(stream_s), now_s=60.0 + stream_s) == 0.0
    assert pace.hold_s(24.0, now_s=82.5) == 1.5


def test_a_stream_whose_time_goes_back_gets_a_new_pace() -> None:
    pace = Pace()
    pace.hold_s(7.0, now_s=50.0)
    assert pace.hold_s(1.0, now_s=51.0) == 0.0
    assert pace.hold_s(1.5, now_s=51.0) == 0.5


def test_a_jump_in_the_streams_time_holds_nothing_back() -> None:
    pace = Pace()
    pace.hold_s(7.0, now_s=50.0)
    assert pace.hold_s(5000.0, now_s=50.1) == 0.0


def test_an_image_without_a_time_is_not_held() -> None:
    assert Pace().hold_s(None, now_s=50.0) == 0.0
