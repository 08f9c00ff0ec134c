from pathlib import Path

from benchmarks.accuracy.papers import MAIN, OTHERS, Row
from reid_models.training.recipes.catalogue import read_plan


def test_every_row_is_a_recipe_and_stands_once() -> None:
    rows = [*MAIN, *OTHERS]
    assert len(set(rows)) == len(rows)
    for recipe in rows:
        assert read_plan(f"{recipe}-small").stages


def test_runs_of_other_seeds_have_other_folders() -> None:
    folders = {Row(recipe, seed).folder(Path("runs")) for recipe in MAIN for seed in (0, 1, 2)}
    assert len(folders) == 3 * len(MAIN)
