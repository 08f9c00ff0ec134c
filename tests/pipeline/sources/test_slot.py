import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.sources.slot import Slot

PATIENCE_S = 30.0


def test_what_was_put_is_taken_once() -> None:
    slot: Slot[int] = Slot()
    assert slot.put(1)
    assert slot.take(PATIENCE_S) == 1
    with pytest.raises(TimeoutError):
        slot.take(0.01)


def test_a_second_item_waits_until_the_first_is_taken() -> None:
    slot: Slot[int] = Slot()

    def produce() -> None:
        for item in range(100):
            slot.put(item)
        slot.finish()

    threading.Thread(target=produce).start()
    taken = []
    while (item := slot.take(PATIENCE_S)) is not None:
        taken.append(item)
    assert taken == list(range(100))


def test_replacing_returns_what_nobody_took() -> None:
    slot: Slot[str] = Slot()
    assert slot.replace("old") is None
    assert slot.replace("new") == "old"
    assert slot.take(PATIENCE_S) == "new"


def test_the_last_item_comes_before_the_error_that_ended_it() -> None:
    slot: Slot[int] = Slot()
    slot.put(1)
    slot.finish(OSError("gone"))
    assert slot.take(PATIENCE_S) == 1
    with pytest.raises(OSError, match="gone"):
        slot.take(PATIENCE_S)


def test_closing_frees_a_waiting_producer_and_tells_it_to_go() -> None:
    slot: Slot[int] = Slot()
    slot.put(1)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(slot.put, 2)
        slot.close()
        assert not waiting.result(PATIENCE_S)


def test_closing_frees_a_waiting_consumer() -> None:
    slot: Slot[int] = Slot()
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(slot.take, 2 * PATIENCE_S)
        slot.close()
        assert waiting.result(PATIENCE_S) is None


def test_a_closed_slot_keeps_nothing_and_raises_nothing() -> None:
    slot: Slot[int] = Slot()
    slot.close()
    assert not slot.put(1)
    slot.finish(OSError("too late"))
    assert slot.take(0) is None
