"""How far one matcher, one Redis and one partition go, and what many sites need: measured costs, then arithmetic.

python -m benchmarks.capacity.scaling                                  # measures (some minutes), then reckons
python -m benchmarks.capacity.scaling --save costs.json                # and keeps what it measured
python -m benchmarks.capacity.scaling --from costs.json --cameras 40 --tracks-per-minute 20 --sites 3  # yours
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.capacity.scaling_model import Cost, Measured, Site, most_cameras, most_tracks, needs
from benchmarks.speed.one_thread import ONE_THREAD

SHARES = (0.25, 0.5, 0.8)
"""Of its core that a matcher may take: peaks, and what takes over, want the rest."""
BUDGETS_S = (0.1, 0.5)
QUERIES = (1, 4, 16, 64, 256)


def main() -> None:
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        # Threads are counted when numpy is loaded, so another process has to.
        sys.exit(subprocess.call([sys.executable, "-m", __spec__.name, *sys.argv[1:]], env=os.environ | ONE_THREAD))
    asked = read_arguments()
    before = os.getloadavg()[0]
    measured = read(asked.measured) if asked.measured else measure()
    console = Console(width=160)
    if asked.measured is None:
        console.print(
            f"load of this machine: {before:.1f} before, {os.getloadavg()[0]:.1f} after, {os.cpu_count()} cores"
        )
    if asked.save:
        asked.save.write_text(json.dumps(dataclasses.asdict(measured), indent=1) + "\n")
    site = Site(**{each.name: getattr(asked, each.name) for each in dataclasses.fields(Site)})
    for table in (costs_table(measured), limits_table(measured, site), needs_table(measured, site, asked.sites)):
        console.print(table)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.capacity.scaling", description="Costs, and what sites need."
    )
    parser.add_argument("--from", dest="measured", type=Path, help="what --save wrote, in the place of measuring")
    parser.add_argument("--save", type=Path, help="file for what was measured")
    parser.add_argument("--sites", type=int, nargs="+", default=[1, 100, 1000])
    for each in dataclasses.fields(Site):
        kind = type(each.default)
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=kind, default=each.default)
    return parser.parse_args()


def measure() -> Measured:
    from benchmarks.capacity import scaling_measured as scale
    from passerby_events.schema import IdentityEvent

    events: list[IdentityEvent] = []
    fields: dict[str, Any] = {"wire_bytes": scale.wire_bytes(), **scale.costs()}
    fields |= {"search_queries": scale.SEARCH_QUERIES, "search_ns": scale.search_ns()}
    fields |= scale.memory(events)
    fields |= scale.kafka(events)
    return Measured(**fields)


def read(path: Path) -> Measured:
    fields = json.loads(path.read_text())
    costs = {name: Cost(**value) for name, value in fields.items() if isinstance(value, dict)}
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    return Measured(**fields | costs | lists)


def costs_table(measured: Measured) -> Table:
    table = Table("measured", "per message", "per embedding", "each", box=box.MARKDOWN)
    for each in dataclasses.fields(Measured):
        value = getattr(measured, each.name)
        if isinstance(value, Cost):
            table.add_row(each.name, number(value.message), number(value.embedding), "")
        elif isinstance(value, float):
            table.add_row(each.name, "", "", number(value))
    for queries, ns in zip(measured.search_queries, measured.search_ns, strict=True):
        table.add_row(f"search_ns, {queries} queries in a window", "", "", number(ns))
    return table


def limits_table(measured: Measured, site: Site) -> Table:
    table = Table("limit of one matcher", "", box=box.MARKDOWN)
    for share in SHARES:
        cameras = most_cameras(measured, site, share)
        tracks = dataclasses.replace(site, cameras=cameras).live_tracks
        table.add_row(f"cameras in {share:.0%} of its core", f"{cameras}, with {tracks:,.0f} live tracks")
    for budget_s in BUDGETS_S:
        tracks_of = [f"{queries}: {most_tracks(measured, queries, budget_s):,.0f}" for queries in QUERIES]
        table.add_row(f"live tracks searched in {1000 * budget_s:.0f} ms, by queries in a window", ", ".join(tracks_of))
    return table


def needs_table(measured: Measured, site: Site, sites: Sequence[int]) -> Table:
    columns = (f"{count:,} sites" if count > 1 else "1 site" for count in sites)
    table = Table("needed", *columns, "", box=box.MARKDOWN)
    for need in needs(measured, site):
        table.add_row(need.what, *(number(need.one * (count if need.adds_up else 1)) for count in sites), need.unit)
    return table


def number(value: float) -> str:
    """Three figures are more than a model is good for."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


if __name__ == "__main__":
    main()
