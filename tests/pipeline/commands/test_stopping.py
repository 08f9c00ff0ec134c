import signal
import threading

import pytest

from pipeline.commands.stopping import SIGNALS, StopSignal

PATIENCE_S = 10.0


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_stops_who_runs(number: signal.Signals) -> None:
    stopped = threading.Event()
    with StopSignal() as stop:
        stop.calls(stopped.set)
        assert not stop.is_set()
        signal.raise_signal(number)
        assert stopped.wait(PATIENCE_S)
        assert stop.is_set()


def test_who_comes_after_the_signal_is_stopped_at_once() -> None:
    heard, late = threading.Event(), threading.Event()
    with StopSignal() as stop:
        stop.calls(heard.set)
        signal.raise_signal(signal.SIGTERM)
        assert heard.wait(PATIENCE_S)
        stop.calls(late.set)
        assert late.is_set()


def test_a_signal_while_the_main_thread_holds_what_stopping_needs_is_no_deadlock() -> None:
    lock, stopped = threading.Lock(), threading.Event()

    def stop_running() -> None:
        with lock:
            stopped.set()

    with StopSignal() as stop:
        stop.calls(stop_running)
        with lock:
            signal.raise_signal(signal.SIGTERM)
        assert stopped.wait(PATIENCE_S)


def test_who_was_started_by_nohup_does_not_end_with_the_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopSignal():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_handlers_of_before_come_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with StopSignal():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before
