import logging

import pytest

from pipeline.store.outage import Outage


def test_going_and_coming_back_are_told_once_each(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    outage = Outage("the store", 60.0)
    for _ in range(3):
        outage.worked()
        for _ in range(5):
            outage.failed(OSError("no store"))
    outage.worked()
    assert [record.message for record in caplog.records] == [
        "no store; waiting for it, up to 60 s",
        "the store is back after 0 s",
    ] * 3


def test_patience_counts_from_the_first_failure_and_not_from_the_start() -> None:
    outage = Outage("the store", 0.0)
    outage.failed(OSError("no store"))
    with pytest.raises(OSError, match=r"^no store for 0 s: given up$"):
        outage.failed(OSError("no store"))
