"""How long the report of a run of 20,000 tracks takes to write, to open in a browser, and to scroll.

    python -m benchmarks.view.report [--tracks 20000]

Exits with 1 where it opens in more than two seconds.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from pipeline.view.frozen import RunSummary, write_report
from testing.view.browser import chromium, page_of
from testing.view.long_run import long_run

MOST_S = 2.0
TIMES = 5
READY = "() => document.querySelectorAll('.person-row, .decision-row').length > 5"

AT_THE_END = (
    "() => [...document.querySelectorAll('[aria-posinset]')].some("
    "row => row.getAttribute('aria-posinset') === row.getAttribute('aria-setsize'))"
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, default=20_000)
    tracks = parser.parse_args().tracks
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder) / "report.html"
        events = list(long_run(tracks))
        started_s = time.perf_counter()
        write_report(path, events, RunSummary("yard", (), 1.0))
        wrote_s = time.perf_counter() - started_s
        opened, scrolled = [], []
        for _ in range(TIMES):
            with page_of(browser) as page:
                started_s = time.perf_counter()
                page.goto(f"{path.as_uri()}#/people")
                page.wait_for_function(READY)
                opened.append(time.perf_counter() - started_s)
                started_s = time.perf_counter()
                page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
                page.wait_for_function(AT_THE_END)
                scrolled.append(time.perf_counter() - started_s)
        size = path.stat().st_size / 1e6
    open_s, scroll_s = statistics.median(opened), statistics.median(scrolled)
    print(
        f"{tracks:,} tracks: a page of {size:.1f} MB, written in {wrote_s:.1f} s, opened in {open_s:.2f} s, scrolled "
        f"to its end in {scroll_s:.2f} s (medians of {TIMES})"
    )
    return int(open_s > MOST_S)


if __name__ == "__main__":
    sys.exit(main())
