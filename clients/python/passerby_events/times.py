"""Times: seconds since the epoch in Python, RFC 3339 in UTC on the wire."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer

LAST_TIME_S = 253_402_300_799.0
"""The end of the year 9999, the last that RFC 3339 can write; seconds since the epoch."""


def rfc3339(time_s: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC, to the millisecond."""
    second, millisecond = divmod(round(1000 * round(time_s, 3)), 1000)
    return f"{_rfc3339_second(second)}.{millisecond:03d}Z"


@lru_cache(maxsize=1024)
def _rfc3339_second(second: int) -> str:
    """Many events share a second, and to write one out takes longer than all the rest of a time."""
    return datetime.fromtimestamp(second, UTC).isoformat().removesuffix("+00:00")


def _seconds(value: object) -> object:
    if not isinstance(value, str):
        return value
    time = datetime.fromisoformat(value)
    if time.tzinfo is None:
        raise ValueError("expected a time with its zone")
    return time.timestamp()


Time = Annotated[
    float,
    Field(ge=0, le=LAST_TIME_S),
    BeforeValidator(_seconds, json_schema_input_type=str),
    PlainSerializer(rfc3339, return_type=str),
    Field(json_schema_extra={"format": "date-time"}, description="RFC 3339, UTC, milliseconds"),
]
"""Seconds since the epoch; reads and writes RFC 3339."""
