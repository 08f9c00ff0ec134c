import subprocess
import sys
from collections.abc import Sequence

import pytest

import passerby_events
from passerby_events import _MODULES


def test_every_name_is_there_and_lives_where_it_is_said_to() -> None:
    names = sorted(name for names in _MODULES.values() for name in names)
    assert sorted(passerby_events.__all__) == names
    for name in names:
        assert getattr(passerby_events, name) is not None
    assert {*names, "__version__"} == {*dir(passerby_events)}


def test_another_name_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = passerby_events.nothing  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import passerby_events", ("pydantic", "kafka")),
        ("from passerby_events import PasserbyError", ("pydantic", "kafka")),
        ("from passerby_events import TrackKey, Clock", ("pydantic", "kafka")),
        ("from passerby_events import Event, event_from, fold, describe, read_events", ("kafka",)),
        ("from passerby_events import Brokers, brokers_from", ("kafka",)),
        ("from passerby_events import *", ("numpy", "cv2", "redis", "pipeline")),
    ],
)
def test_what_is_not_needed_is_not_loaded(statement: str, absent: Sequence[str]) -> None:
    program = f"import sys\n{statement}\nprint(*({set(absent)!r} & sys.modules.keys()))"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert loaded.split() == []
