"""docs/scaling.md has what `benchmarks.capacity.scaling --from benchmarks/capacity/scaling_costs.json` prints."""

import re
from collections.abc import Sequence

from rich.table import Table

from benchmarks.capacity.scaling import costs_table, limits_table, needs_table, number, read
from benchmarks.capacity.scaling_model import Site
from testing.paths import ROOT

COSTS = read(ROOT / "benchmarks" / "capacity" / "scaling_costs.json")
DOCUMENT = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
Row = tuple[str, ...]


def printed(table: Table) -> list[Row]:
    """Its heads and rows, as the benchmark prints them."""
    heads = tuple(str(column.header) for column in table.columns)
    return [heads, *zip(*([str(cell) for cell in column.cells] for column in table.columns), strict=True)]


def documented(first_head: str) -> list[Row]:
    """Heads and rows of the table of the document that begins with that head, in the spelling of the benchmark."""
    lines = DOCUMENT.splitlines()
    (start,) = (number for number, line in enumerate(lines) if line.startswith(f"| {first_head} |"))
    end = next(number for number in range(start, len(lines)) if not lines[number].startswith("|"))
    rows = [tuple(cell.strip() for cell in line.split("|")[1:-1]) for line in lines[start:end]]
    return [tuple(_as_printed(cell) for cell in row) for row in (rows[0], *rows[2:])]


def _as_printed(cell: str) -> str:
    """Without what the document says on top, in brackets."""
    return re.sub(r" \(.*\)$", "", cell).replace(" %", "%").replace(";", ",")


def figures(rows: Sequence[Row]) -> list[Row]:
    """All but the first column, which the document puts in words."""
    return [row[1:] for row in rows]


def test_the_costs_are_those_that_were_measured() -> None:
    measured = [row for row in printed(costs_table(COSTS)) if not row[0].startswith("search_ns")]
    assert len(measured) > 10
    assert figures(documented("measured")) == figures(measured)


def test_the_cost_of_a_search_stands_under_its_number_of_queries() -> None:
    queries, ns = figures(documented("searched for in one window"))
    assert queries == tuple(str(each) for each in COSTS.search_queries)
    assert ns == tuple(number(each) for each in COSTS.search_ns)


def test_the_limits_of_a_matcher_are_those_of_the_model() -> None:
    assert documented("limit of one matcher") == printed(limits_table(COSTS, Site()))


def test_what_sites_need_is_what_the_model_says() -> None:
    assert documented("needed") == printed(needs_table(COSTS, Site(), (1, 100, 1000)))
