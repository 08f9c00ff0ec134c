import pytest

from pipeline.sources.errors import ErrorCode
from pipeline.sources.source import SourceChanged, SourceState
from pipeline.telemetry.observers import CameraLog


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
