"""docs/models.md says of every network what it is today."""

import re

import pytest
import torch

from reid_models.architectures.backbones import build_trunk
from reid_models.architectures.catalogue import CATALOGUE
from testing.paths import ROOT

PAGE = ROOT / "docs" / "models.md"
ROW = re.compile(r"^\| (?P<name>[a-z0-9-]+) \| (?P<clip>[^|]+) \| (?P<millions>[0-9.]+) \|", re.MULTILINE)


def rows() -> dict[str, re.Match[str]]:
    return {found["name"]: found for found in ROW.finditer(PAGE.read_text(encoding="utf-8"))}


def test_the_table_has_the_networks_of_the_catalogue() -> None:
    assert list(rows()) == list(CATALOGUE), "run python -m benchmarks.speed.networks --compile --write"


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_row_says_how_large_the_network_is(name: str) -> None:
    entry = CATALOGUE[name]
    with torch.device("meta"):
        network = entry.build(build_trunk(entry.trunk), entry.clip)
    millions = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    row = rows()[name]
    assert row["millions"] == f"{millions:.3f}"
    assert row["clip"] == f"{entry.clip.frames} x {entry.clip.height} x {entry.clip.width}"
