"""Signals are raised in processes of their own: what goes wrong with one must not end the process of the tests."""

import signal
import subprocess
import sys
from textwrap import dedent

import pytest

from pipeline.commands.stopping import SIGNALS, StopSignal
from testing.paths import ROOT

PATIENCE_S = 10.0
BEGINNING = f"""
import signal, threading
from pipeline.commands.stopping import StopSignal
patience_s = {PATIENCE_S}
"""


def ends_well(program: str) -> None:
    words = [sys.executable, "-c", BEGINNING + dedent(program)]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=6 * PATIENCE_S, cwd=ROOT)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_stops_who_runs(number: signal.Signals) -> None:
    ends_well(
        f"""
        stopped = threading.Event()
        with StopSignal() as stop:
            stop.calls(stopped.set)
            assert not stop.is_set()
            signal.raise_signal(signal.{number.name})
            assert stopped.wait(patience_s)
            assert stop.is_set()
        """
    )


def test_who_comes_after_the_signal_is_stopped_at_once() -> None:
    ends_well(
        """
        heard, late = threading.Event(), threading.Event()
        with StopSignal() as stop:
            stop.calls(heard.set)
            signal.raise_signal(signal.SIGTERM)
            assert heard.wait(patience_s)
            stop.calls(late.set)
            assert late.is_set()
        """
    )


def test_a_signal_while_the_main_thread_holds_what_stopping_needs_is_no_deadlock() -> None:
    ends_well(
        """
        lock, stopped = threading.Lock(), threading.Event()

        def stop_running():
            with lock:
                stopped.set()

        with StopSignal() as stop:
            stop.calls(stop_running)
            with lock:
                signal.raise_signal(signal.SIGTERM)
            assert stopped.wait(patience_s)
        """
    )


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
