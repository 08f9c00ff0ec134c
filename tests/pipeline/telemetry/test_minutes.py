import pytest

from pipeline.telemetry.metrics import Metrics
from pipeline.telemetry.minutes import MinuteLog
from testing.waiting import until


def test_a_minute_of_a_camera_is_one_line_of_what_was_new_in_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    metrics = Metrics()
    log = MinuteLog(metrics.registry, {"door": 5000, "yard": None})
    metrics.frames.labels(camera="door").inc(1200)
    metrics.dropped.labels(camera="door", cause="corrupt").inc(2)
    metrics.gate.labels(camera="door", verdict="kept").inc(50)
    log.say(60.0)
    metrics.frames.labels(camera="door").inc(400)
    metrics.dropped.labels(camera="door", cause="late").inc(7)
    metrics.gate.labels(camera="door", verdict="blur").inc(30)
    metrics.gate.labels(camera="door", verdict="edge").inc(31)
    log.say(60.4)
    of_door = [r.getMessage() for r in caplog.records if r.__dict__["camera"] == "door"]
    assert of_door == [
        "camera door: 1,200 frames in 60 s, 1,200 of 5,000; dropped 2 (corrupt 2)",
        "camera door: 400 frames in 60 s, 1,600 of 5,000; dropped 7 (late 7); poor boxes 61 (edge 31, blur 30)",
    ]
    assert caplog.messages.count("camera yard: 0 frames in 60 s, 0 in all") == 2


def test_it_goes_on_saying_it_while_it_is_entered(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    with MinuteLog(Metrics().registry, {"door": None}, every_s=0.01):
        until(lambda: len(caplog.records) >= 2)
