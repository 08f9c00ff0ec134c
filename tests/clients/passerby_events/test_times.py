from passerby_events.times import rfc3339


def test_times_are_utc_to_the_millisecond() -> None:
    assert rfc3339(1795248000.0004) == "2026-11-21T08:00:00.000Z"
    assert rfc3339(1795248000.9996) == "2026-11-21T08:00:01.000Z"
