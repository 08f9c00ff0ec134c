"""docs/scaling.md has what `benchmarks.capacity.scaling --from benchmarks/capacity/scaling_costs.json` prints."""

import re

import pytest
from rich.table import Table

from benchmarks.capacity.scaling import costs_table, limits_table, needs_table, read
from benchmarks.capacity.scaling_model import Site
from testing.paths import ROOT

COSTS = read(ROOT / "benchmarks" / "capacity" / "scaling_costs.json")
DOCUMENT = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8").replace(" %", "%").replace(";", ",")


def rows(table: Table) -> list[tuple[str, ...]]:
    return list(zip(*([str(cell) for cell in column.cells] for column in table.columns), strict=True))


def test_every_cost_is_in_the_document() -> None:
    for what, *costs in rows(costs_table(COSTS)):
        for cost in filter(None, costs):
            assert re.search(rf"\| {re.escape(cost)} ", DOCUMENT), (what, cost)


@pytest.mark.parametrize("table", [limits_table(COSTS, Site()), needs_table(COSTS, Site(), (1, 100, 1000))])
def test_every_row_is_in_the_document(table: Table) -> None:
    assert rows(table)
    for row in rows(table):
        assert all(cell in DOCUMENT for cell in row), row
