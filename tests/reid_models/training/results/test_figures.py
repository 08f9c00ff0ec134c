import re
from collections import Counter
from pathlib import Path

import pytest

from reid_models.training.datasets.catalogue import DATASETS
from reid_models.training.evaluation.protocols import PROTOCOLS
from reid_models.training.evaluation.scores import RANKS
from reid_models.training.recipes.catalogue import RECIPES
from reid_models.training.results.figures import Figure, read_figures

ONE_EACH = {"ilids-vid", "prid2011", "prid2011-200"}


@pytest.fixture(scope="module")
def figures() -> list[Figure]:
    return read_figures()


def test_every_figure_has_a_name_of_its_own(figures: list[Figure]) -> None:
    assert len(figures) > 500
    assert [name for name, count in Counter(figure.name for figure in figures).items() if count > 1] == []


def test_figures_name_what_there_is(figures: list[Figure]) -> None:
    assert {figure.protocol for figure in figures} <= {None, *PROTOCOLS}
    assert {figure.metric for figure in figures} <= {"mAP", *(f"R{rank}" for rank in RANKS)}
    assert {figure.data for figure in figures} <= set(DATASETS)


def test_figures_are_shares_that_fall_with_fewer_ranks(figures: list[Figure]) -> None:
    rows: dict[str, dict[int, float]] = {}
    for figure in figures:
        assert 0 < figure.value <= 100
        if figure.metric != "mAP":
            rows.setdefault(figure.name.replace(f"/{figure.metric}", ""), {})[int(figure.metric[1:])] = figure.value
    for name, values in rows.items():
        in_order = [values[rank] for rank in sorted(values)]
        assert in_order == sorted(in_order), name


def test_sets_with_one_row_a_person_are_counted_as_two_cameras(figures: list[Figure]) -> None:
    for figure in figures:
        assert (figure.data in ONE_EACH) is (figure.protocol == "two-cameras"), figure.name


def test_recipes_of_figures_are_known(figures: list[Figure]) -> None:
    assert {figure.recipe for figure in figures if figure.recipe is not None} <= set(RECIPES)


@pytest.mark.shared
def test_every_figure_stands_in_the_notes_on_the_papers(shared: Path, figures: list[Figure]) -> None:
    """Somewhere in the section that it names."""
    text = (shared / "docs/papers.md").read_text(encoding="utf-8")
    sections = {
        found[1]: found[0] for found in re.finditer(r"^### (\d+\.\d+) .*?(?=^##|\Z)", text, re.DOTALL | re.MULTILINE)
    }
    for figure in figures:
        written = set(re.findall(r"\d+(?:\.\d+)?", sections[figure.source]))
        forms = {f"{figure.value:.2f}", f"{figure.value:.1f}", f"{figure.value:g}"}
        # "R1 86.3" of one list and "50 76.1" of another: numbers alone are compared.
        assert forms & written, figure.name
