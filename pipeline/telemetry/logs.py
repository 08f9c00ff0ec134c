"""What the processes say while they run: one line each, with time and level, on stderr; as JSON where that is asked."""

import json
import logging
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TextIO

logger = logging.getLogger(__name__)

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
OURS = ("pipeline", "passerby_events", "detectors", "trackers", "reid_models", "reid_runtime", "reid_simulation")
"""Whose lines the level is of. Of libraries only warnings are wanted, unless it is debug."""


@dataclass(frozen=True, slots=True)
class LogParams:
    """What is said, and how.

    Attributes:
        level: the least that is said.
        format: `text` for people, `json` for whoever collects logs: one object a line with `time`, `level`, `logger`,
            `message`, `camera` where it is of one, and `error` with a traceback where there is one.
    """

    level: LogLevel = "info"
    format: LogFormat = "text"


class _TextLines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        return _time(record)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        camera = getattr(record, "camera", None)
        fields = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **({} if camera is None else {"camera": camera}),
            **({"error": self.formatException(record.exc_info)} if record.exc_info else {}),
        }
        return json.dumps(fields, ensure_ascii=False)


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what is stderr now: progress bars put themselves in its place, so that lines go above them."""

    def __init__(self, params: LogParams) -> None:
        super().__init__(sys.stderr)
        self.params = params
        self.setFormatter(_JsonLines() if params.format == "json" else _TextLines())

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def set_up_logs(params: LogParams) -> None:
    """From here on this process says what it does; where a program has set up logging of its own, that stays."""
    root = logging.getLogger()
    if root.handlers:
        return
    root.addHandler(_Stderr(params))
    level = params.level.upper()
    root.setLevel(level if params.level in ("debug", "error") else "WARNING")
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    if params.level != "debug":
        # Ten lines for each attempt to reach a broker that is away, of which ours says all in one.
        logging.getLogger("kafka").setLevel(logging.CRITICAL)


def logs_in_force() -> LogParams | None:
    """What `set_up_logs` was last told, for processes that this one starts; None: it was not."""
    return next((each.params for each in logging.getLogger().handlers if isinstance(each, _Stderr)), None)


def log_end(message: str) -> bool:
    """Says as JSON, where that is asked for, what ended the command; returns whether it was."""
    params = logs_in_force()
    if params is None or params.format != "json":
        return False
    logger.error("%s", message)
    return True


def of_camera(camera: str) -> dict[str, str]:
    """The `extra` of a line that is of one camera."""
    return {"camera": camera}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
