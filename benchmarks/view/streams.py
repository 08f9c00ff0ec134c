"""Whether the view's memory stays as it is while many listen to its news.

    python -m benchmarks.view.streams [--streams 200] [--minutes 10]

One process serves a site in which something is decided several times a second; another opens so many streams and reads
them. Exits with 1 where memory grows by a twentieth or more after the first fifth of the time.
"""

import argparse
import multiprocessing
import selectors
import socket
import sys
import tempfile
import time
from itertools import count
from multiprocessing.synchronize import Event
from pathlib import Path

from pipeline.config import ColourStripesConfig, ComputeConfig
from pipeline.config_view import ViewConfig
from pipeline.telemetry.summary import ProcessStatus
from pipeline.view.alike import VectorShelf
from pipeline.view.book import Book
from pipeline.view.run_site import RunSite
from pipeline.view.server import ViewServer
from pipeline.view.viewed import SiteCard
from testing.view.long_run import CAMERAS, long_run

EVENTS_PER_S = 20
MOST = 1.05
HELD = 2000
"""Decisions that the book holds, so that it is full before the time is measured."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        card = SiteCard(
            "shop", CAMERAS, {}, False, ColourStripesConfig(kind="colour-stripes"), ComputeConfig(), Path(folder)
        )
        site = RunSite(card, None, VectorShelf(), status)
        site.book = Book(most=HELD, keep_s=2.0 * HELD)
        events = long_run(10**9)
        for _ in range(3 * HELD):
            site.book.take(next(events))
        site.book.forget()
        with ViewServer(site, ViewConfig(port=0)) as server:
            return measure(server, site, events, asked.streams, asked.minutes)


def measure(server: ViewServer, site: RunSite, events, streams: int, minutes: float) -> int:  # type: ignore[no-untyped-def]
    context = multiprocessing.get_context("spawn")
    are_open, is_over, heard = context.Event(), context.Event(), context.Value("L", 0)
    listeners = context.Process(target=listen, args=(server.port, streams, are_open, is_over, heard), daemon=True)
    listeners.start()
    assert are_open.wait(60), "the streams did not open"
    started_s, found = time.monotonic(), list[tuple[float, float]]()
    for number in count():
        passed_s = time.monotonic() - started_s
        if passed_s > 60 * minutes:
            break
        site.book.take(next(events))
        if number % (5 * EVENTS_PER_S) == 0:
            site.book.forget()
            found.append((passed_s, resident_mib()))
        time.sleep(1 / EVENTS_PER_S)
    is_over.set()
    listeners.join(10)
    settled = [mib for at_s, mib in found if at_s >= 12 * minutes]
    for at_s, mib in found[:: max(1, len(found) // 10)]:
        print(f"{at_s / 60:5.1f} min: {mib:.1f} MiB")
    growth = max(settled) / settled[0]
    print(
        f"{streams} streams, {minutes:g} min, {heard.value / 1e6:.1f} MB heard: {settled[0]:.1f} MiB once settled, "
        f"{max(settled):.1f} MiB at most after that ({growth:.3f} times)"
    )
    return int(growth >= MOST)


def listen(port: int, streams: int, are_open: Event, is_over: Event, heard) -> None:  # type: ignore[no-untyped-def]
    """Opens all of them, and reads what comes."""
    waiting = selectors.DefaultSelector()
    for _ in range(streams):
        connection = socket.create_connection(("127.0.0.1", port), 30)
        connection.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200"), "a stream was refused"
        connection.setblocking(False)
        waiting.register(connection, selectors.EVENT_READ, connection)
    are_open.set()
    while not is_over.is_set():
        for key, _ in waiting.select(0.5):
            content = key.data.recv(1 << 16)
            if not content:
                waiting.unregister(key.fileobj)
            heard.value += len(content)


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / (1 << 20)


def status() -> ProcessStatus:
    return ProcessStatus(at_s=time.time(), is_alive=True, cameras={}, totals={}, latencies_s={})


if __name__ == "__main__":
    sys.exit(main())
