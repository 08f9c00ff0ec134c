"""A run goes on with its own recipe, and recipes may get fields."""

from dataclasses import dataclass, field, make_dataclass, replace

import pytest

from reid_learning.recipes import differences, kept


@dataclass(frozen=True)
class Rates:
    first: float = 1e-3
    last: float = 1e-5


@dataclass(frozen=True)
class Stage:
    height: int


@dataclass(frozen=True)
class Recipe:
    network: str
    stages: tuple[Stage, ...] = (Stage(32), Stage(64))
    rates: Rates = field(default=Rates())


@dataclass(frozen=True)
class LaterRates:
    first: float = 1e-3
    last: float = 1e-5
    warmup: int = 0


@dataclass(frozen=True)
class LaterRecipe:
    network: str
    stages: tuple[Stage, ...] = (Stage(32), Stage(64))
    rates: LaterRates = field(default=LaterRates(last=1e-6))
    flips: bool = True
    views: tuple[Stage, ...] = field(default_factory=lambda: (Stage(8),))


RECIPE = Recipe("small", rates=Rates(first=2e-3))
LATER = LaterRecipe("small", rates=LaterRates(first=2e-3))


def test_the_same_recipe_goes_on() -> None:
    assert differences(kept(RECIPE), Recipe("small", rates=Rates(2e-3))) == []


def test_a_recipe_with_new_fields_at_their_defaults_goes_on() -> None:
    assert differences(kept(RECIPE), LATER) == []


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (replace(RECIPE, network="large"), ["network was 'small' and is 'large'"]),
        (replace(RECIPE, rates=Rates()), ["rates.first was 0.002 and is 0.001"]),
        (replace(RECIPE, stages=(Stage(32), Stage(96))), ["stages.1.height was 64 and is 96"]),
        (replace(LATER, flips=False), ["flips is False, and the run knew no such field"]),
        (
            replace(LATER, rates=replace(LATER.rates, warmup=9)),
            ["rates.warmup is 9, and the run knew no such field"],
        ),
        (replace(LATER, views=()), ["views is (), and the run knew no such field"]),
    ],
)
def test_another_recipe_is_told_by_the_fields_that_differ(wanted: Recipe | LaterRecipe, expected: list[str]) -> None:
    assert differences(kept(RECIPE), wanted) == expected


def test_another_number_of_stages_is_a_difference() -> None:
    (found,) = differences(kept(RECIPE), replace(RECIPE, stages=(Stage(32),)))
    assert found.startswith("stages was")


def test_a_field_that_recipes_lost_is_a_difference_because_the_run_depended_on_it() -> None:
    smaller = make_dataclass("Smaller", [("network", str)])("small")
    assert {line.partition(" ")[0] for line in differences(kept(RECIPE), smaller)} == {"stages", "rates"}
