import pytest

from pipeline.config_errors import ConfigError
from pipeline.sources.errors import ErrorCode, SourceError
from reid_runtime.faults import FAILED, exit_code, in_one_line


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (SourceError(ErrorCode.CORRUPT, "x"), FAILED),
        (PermissionError(13, "Permission denied", "out"), FAILED),
        (ModuleNotFoundError("x", name="ultralytics"), FAILED),
        (ModuleNotFoundError("x", name="pipeline.nowhere"), None),
        (MemoryError("x"), FAILED),
        (ValueError("x"), None),
    ],
)
def test_what_a_user_can_mend_has_an_exit_code_and_our_own_faults_have_none(error: Exception, code: int | None) -> None:
    assert exit_code(error) == code


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ConfigError("first\n  second"), "first second"),
        (PermissionError(13, "Permission denied", "out"), "cannot use out: Permission denied"),
        (OSError(28, "No space left on device"), "[Errno 28] No space left on device"),
        (MemoryError("Unable to allocate 1 TiB"), "not enough memory: Unable to allocate 1 TiB: ask for less at once"),
        (MemoryError(), "not enough memory: nothing says for what: ask for less at once"),
        (
            ModuleNotFoundError("No module named 'ultralytics'", name="ultralytics"),
            "ultralytics is not installed: install passerby with the extra `yolo`",
        ),
    ],
)
def test_it_is_said_in_one_line(error: Exception, line: str) -> None:
    assert in_one_line(error) == line
