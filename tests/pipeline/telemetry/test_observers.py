from itertools import count

import pytest

from pipeline.events.memory import MemorySink
from pipeline.matching.identity_loop import run_identity_loop
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import MemoryGallery
from pipeline.matching.policy import MatchParams
from pipeline.sources.errors import ErrorCode
from pipeline.sources.source import SourceChanged, SourceState
from pipeline.telemetry.metrics import Metrics
from pipeline.telemetry.observers import CameraLog, MatchCounter
from testing.matching.windows import SITE, embedding, end, window


def test_a_camera_that_comes_back_is_said_once_with_how_long_it_was_away(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    times = iter([100.0, 130.0])
    log = CameraLog(clock=lambda: next(times))
    log(SourceChanged("door", SourceState.STREAMING))
    log(SourceChanged("door", SourceState.RETRYING, ErrorCode.TIMEOUT))
    log(SourceChanged("yard", SourceState.STREAMING))
    log(SourceChanged("door", SourceState.CONNECTING))
    log(SourceChanged("door", SourceState.STREAMING))
    log(SourceChanged("door", SourceState.STREAMING))
    assert [(r.getMessage(), r.__dict__["camera"]) for r in caplog.records] == [
        ("camera door is back after 30 s", "door")
    ]


def test_how_well_people_are_recognised_is_counted_by_the_camera_that_sees_them() -> None:
    """Two people at the door; in the yard one of them, somebody who is a little like one, and one who is undecided."""
    metrics, gallery = Metrics(), MemoryGallery(MemorySink())
    params = MatchParams(threshold=0.9, same_camera_extra=0.0, margin=0.02, deferral_band=0.05)
    windows = [
        window(10, [embedding("door", 1, 0, 5, 9), embedding("door", 2, 40, 5, 9)]),
        window(11, [], [end("door", 1, 5, 9), end("door", 2, 5, 9)]),
        window(30, [embedding("yard", 1, 10, 22, 29)]),
        window(31, [], [end("yard", 1, 22, 29)]),
        window(50, [embedding("yard", 2, -30, 42, 49), embedding("yard", 3, 70, 42, 49)], [end("yard", 2, 42, 49)]),
    ]
    counter = MatchCounter(metrics, gallery.known, clock=count(step=10.0).__next__)
    run_identity_loop(windows, Matcher(gallery, SITE, params), observers=[counter])

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, labels)

    outcomes = {
        (camera, outcome): value("reid_match_outcomes_total", camera=camera, outcome=outcome)
        for camera in ("door", "yard")
        for outcome in ("appeared", "matched", "waiting")
    }
    assert {key: found for key, found in outcomes.items() if found} == {
        ("door", "appeared"): 2,
        ("yard", "appeared"): 1,
        ("yard", "matched"): 1,
        ("yard", "waiting"): 1,
    }
    # cos 10 degrees is 0.985; the next person, 30 degrees away, 0.866: a margin of 0.119.
    assert value("reid_match_similarity_bucket", camera="yard", le="0.95") == 0
    assert value("reid_match_similarity_bucket", camera="yard", le="1.0") == 1
    assert value("reid_match_margin_bucket", camera="yard", le="0.08") == 0
    assert value("reid_match_margin_bucket", camera="yard", le="0.12") == 1
    assert value("reid_match_similarity_count", camera="door") is None
    # Of the one who was recognised and of the stranger, each time somebody 30 degrees away: 0.034 too little.
    assert value("reid_rejected_excess_bucket", camera="yard", le="-0.05") == 0
    assert value("reid_rejected_excess_bucket", camera="yard", le="0.0") == 2
    assert value("reid_rejected_excess_bucket", camera="door", le="-0.1") == value(
        "reid_rejected_excess_count", camera="door"
    )
    remembered = [value("reid_gallery_tracks", camera=camera) for camera in ("door", "yard")]
    lone = [value("reid_gallery_lone_tracks", camera=camera) for camera in ("door", "yard")]
    assert (remembered, lone) == ([2, 3], [1, 1])
