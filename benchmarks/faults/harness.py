"""A table of faults, done to a site at work: is anything lost, alien, changed or doubled, and does anybody say so?

    python -m benchmarks.faults.harness                       every row once, about ten minutes
    python -m benchmarks.faults.harness --list
    python -m benchmarks.faults.harness --rows FLUSHALL "deleted: merged" --rounds 3 --seed 17 --keep FOLDER

In each round two workers play made-up walks of a dozen people, and two matchers decide, as processes over a
redis-server of their own (and a Kafka broker, where the row is about that); something happens to them, and afterwards
who each track came to be is compared with an undisturbed run. A row is zero if nothing differs and everybody came to
an end; otherwise a log line must name the fault, and a metric show it where the row has one. A row that is neither is
silent, and the exit code 1.
"""

import argparse
import fnmatch
import json
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import Lock

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.faults.fault_round import Kafka, Outcome, Row, play
from benchmarks.faults.rows import ROWS
from testing.services.kafka import KafkaBroker
from testing.services.ports import free_port
from testing.services.proxy import Proxy
from testing.site.difference import Difference

JOBS = 2
"""Rounds at a time; most of each is waiting."""
WIDTH = 220
"""Of the table in a file."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", nargs="+", metavar="NAME", help="only these, also as `clock*`; by default all")
    options.add_argument("--seed", type=int, default=0, help="of the first round of each row")
    options.add_argument("--rounds", type=int, default=1, help="of each row")
    options.add_argument("--jobs", type=int, default=JOBS, help="rounds at a time")
    options.add_argument("--list", action="store_true", help="print the names of the rows")
    options.add_argument("--out", type=Path, help="write all outcomes here, as JSON")
    options.add_argument("--keep", type=Path, help="keep what the processes of each round printed here")
    asked = options.parse_args()
    stderr = Console(stderr=True, highlight=False)
    out = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    if asked.list:
        out.print("\n".join(ROWS), soft_wrap=True)
        return 0
    wanted = asked.rows or ["*"]
    if unknown := [name for name in wanted if not fnmatch.filter(ROWS, name)]:
        stderr.print(f"--rows: no row is called {unknown[0]}; see --list")
        return 2
    rows = [row for name, row in ROWS.items() if any(fnmatch.fnmatchcase(name, each) for each in wanted)]
    outcomes = run(rows, range(asked.seed, asked.seed + asked.rounds), stderr, jobs=asked.jobs, kept=asked.keep)
    if asked.out:
        written = [{**asdict(each), "is_zero": each.is_zero, "is_silent": each.is_silent} for each in outcomes]
        asked.out.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    out.print(table_of(outcomes))
    out.print(summary_of(outcomes))
    return 1 if any(each.is_silent for each in outcomes) else 0


def run(rows: Sequence[Row], seeds: Sequence[int], stderr: Console, *, jobs: int, kept: Path | None) -> list[Outcome]:
    """Rounds of every row, some at a time; those that go to Kafka one after another, for there is one broker."""
    order = {row.name: number for number, row in enumerate(rows)}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kafka = stack.enter_context(kafka_in(folder)) if any(row.to_kafka for row in rows) else None
        progress = stack.enter_context(bars(stderr))
        bar = progress.add_task("rounds", total=len(rows) * len(seeds))
        pool = stack.enter_context(ThreadPoolExecutor(jobs))
        one_broker = Lock()

        def do(row: Row, seed: int) -> Outcome:
            at = folder / f"{order[row.name]:02}-{seed}"
            with ExitStack() as held:
                if row.to_kafka:
                    held.enter_context(one_broker)
                try:
                    outcome = play(row, seed, at, kafka if row.to_kafka else None)
                except Exception:  # noqa: BLE001 - a round that falls over is a result too
                    outcome = fallen(row, seed, traceback.format_exc())
            if kept is not None:
                shutil.copytree(at, kept / at.name, dirs_exist_ok=True)
            return outcome

        outcomes = []
        for done in as_completed([pool.submit(do, row, seed) for row in rows for seed in seeds]):
            outcomes.append(done.result())
            progress.advance(bar)
            stderr.print(in_a_line(outcomes[-1]), soft_wrap=True)
    return sorted(outcomes, key=lambda each: (order[each.row], each.seed))


@contextmanager
def kafka_in(folder: Path) -> Iterator[Kafka]:
    port = free_port()
    (folder / "broker").mkdir()
    with (
        KafkaBroker(folder / "broker", proxy_port=port) as broker,
        Proxy(broker.proxied_port, listens_on=port) as proxy,
    ):
        yield Kafka(broker, proxy)


def fallen(row: Row, seed: int, fault: str) -> Outcome:
    """A round that the harness itself could not play."""
    return Outcome(row.name, seed, Difference(0, 0, 0, 0, 0), 0, {}, False, [], 0.0, True, 0.0, [fault])


def verdict(outcome: Outcome) -> str:
    if outcome.is_silent:
        return "SILENT"
    return "zero" if outcome.is_zero else "named"


def in_a_line(outcome: Outcome) -> str:
    return f"{outcome.row}: {verdict(outcome)}, {outcome.seconds:.0f} s"


def table_of(outcomes: Sequence[Outcome]) -> Table:
    numbers = ("lost", "alien", "changed", "doubled", "reworded", "late")
    table = Table("fault", *numbers, "ended", "exit codes", "verdict", "named by")
    for each in outcomes:
        found = asdict(each.difference) | {"late": each.late}
        codes = ", ".join(f"{member} {' '.join(map(str, codes))}" for member, codes in each.codes.items())
        line = each.lines[0].partition(": ")[2][:100] if each.lines else ""
        table.add_row(
            each.row,
            *(str(found[name]) for name in numbers),
            "yes" if each.has_ended else "NO",
            codes,
            verdict(each),
            line,
        )
    return table


def summary_of(outcomes: Sequence[Outcome]) -> str:
    verdicts = Counter(map(verdict, outcomes))
    counts = ", ".join(f"{verdicts[each]} {each}" for each in ("zero", "named", "SILENT"))
    rows = len({each.row for each in outcomes})
    return f"{rows} rows, {len(outcomes)} rounds: {counts}; {sum(each.seconds for each in outcomes):.0f} s of rounds"


def bars(stderr: Console) -> Progress:
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(TextColumn("{task.description}"), *columns, console=stderr)


if __name__ == "__main__":
    sys.exit(main())
