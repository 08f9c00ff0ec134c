import logging
from collections.abc import Sequence

import pytest

from pipeline.store.embedding_messages import EmbeddingMessage, EmbeddingMessageError
from pipeline.store.worker_clocks import ClockRead, WorkerClocks
from testing.embeddings import embedding

NOW_S = 1_000_000.0
"""By Redis."""
ENTRY = b"1000000000-0"


def read(clocks: WorkerClocks, worker: str, off_s: float, *, says_s: float | None = None) -> float:
    """A message of a worker whose clock is so far off, about what happened a moment ago by it."""
    sent_s = NOW_S + off_s
    end_s = sent_s - 1.0 if says_s is None else says_s
    message = EmbeddingMessage(worker, (worker,), "whole", end_s, (embedding(1, cut_s=end_s - 0.5),))
    return clocks.check(message, ENTRY, repr(sent_s).encode())


@pytest.mark.parametrize("off_s", [-86400.0, -7200.0, -301.0, 301.0, 7200.0, 86400.0])
def test_a_clock_that_is_hours_off_is_refused_in_both_directions_and_the_others_go_on(off_s: float) -> None:
    clocks = WorkerClocks()
    assert read(clocks, "door", 0.0) == NOW_S
    direction = "ahead of" if off_s > 0 else "behind"
    with pytest.raises(
        EmbeddingMessageError, match=f"clock of worker yard is {abs(off_s):.0f} s {direction} the others"
    ):
        read(clocks, "yard", off_s)
    assert read(clocks, "door", 0.0) == NOW_S


@pytest.mark.parametrize("order", [("yard", "door"), ("door", "yard")])
def test_who_is_heard_first_is_not_believed_for_that(order: Sequence[str]) -> None:
    clocks, refused = WorkerClocks(), []
    for worker in (*order, *order):
        try:
            read(clocks, worker, 86400.0 if worker == "yard" else 0.0)
        except EmbeddingMessageError:
            refused.append(worker)
    assert refused == ["yard", "yard"]


def test_where_redis_alone_has_another_time_redis_is_wrong(caplog: pytest.LogCaptureFixture) -> None:
    clocks = WorkerClocks()
    with pytest.raises(EmbeddingMessageError, match="clock of worker door is 3600 s behind"):
        read(clocks, "door", -3600.0)
    assert read(clocks, "yard", -3600.0) == NOW_S - 3600.0
    caplog.clear()
    assert read(clocks, "door", -3600.0) == NOW_S - 3600.0
    assert caplog.messages == ["the clock of worker door is right again"]


def test_a_clock_that_is_minutes_off_is_named_once_and_shown_each_time(caplog: pytest.LogCaptureFixture) -> None:
    shown: list[ClockRead] = []
    clocks = WorkerClocks([shown.append])
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            read(clocks, "door", 0.0)
            read(clocks, "yard", -120.0)
    assert [line for line in caplog.messages if "yard is 120 s behind the others" in line] == caplog.messages[:1]
    assert len(caplog.messages) == 1
    assert shown[-1] == ClockRead("yard", -120.0)


def test_what_waited_for_hours_was_written_when_it_was_written() -> None:
    assert read(WorkerClocks(), "door", 0.0, says_s=NOW_S - 7200.0) == NOW_S


def test_times_of_the_future_are_refused_whatever_the_clock_says() -> None:
    with pytest.raises(EmbeddingMessageError, match="found one 301 s ahead; is the clock of worker door right"):
        read(WorkerClocks(), "door", 0.0, says_s=NOW_S + 301.0)


@pytest.mark.parametrize("sent", [b"", b"now", b"nan"])
def test_a_message_without_the_time_of_its_worker_is_refused(sent: bytes) -> None:
    message = EmbeddingMessage("door", ("door",), "open")
    with pytest.raises(EmbeddingMessageError, match="a field `sent`"):
        WorkerClocks().check(message, ENTRY, sent)


def test_the_last_word_of_a_worker_is_taken_whatever_its_clock_says() -> None:
    clocks, last = WorkerClocks(), EmbeddingMessage("yard", ("yard",), "closed")
    read(clocks, "door", 0.0)
    assert clocks.check(last, ENTRY, repr(NOW_S - 86400.0).encode()) == NOW_S
