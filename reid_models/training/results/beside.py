"""Figures of papers with what kept evaluations say of the same: groups of runs, and which figure is whose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reid_models.training.evaluation.outcome import Outcome, Question
from reid_models.training.results.figures import Figure


@dataclass(frozen=True, slots=True)
class Kind:
    """What runs have in common that are averaged: everything but the seed, and the split of the data set.

    Attributes:
        recipe, stage, changes: see `Outcome`.
        data, protocol, matching: see `Question`.
    """

    recipe: str
    stage: str
    changes: tuple[str, ...]
    data: str
    protocol: str
    matching: str


@dataclass(frozen=True, slots=True)
class Mean:
    """Over the runs of a kind.

    Attributes:
        value: in percent.
        spread: their standard deviation; None of one run.
        runs: how many.
    """

    value: float
    spread: float | None
    runs: int


Groups = Mapping[Kind, Sequence[Outcome]]


def grouped(outcomes: Iterable[Outcome]) -> Groups:
    """Outcomes of recipes by their kind; those of artefacts have none."""
    found: dict[Kind, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.recipe:
            found.setdefault(_kind(outcome, outcome.question), []).append(outcome)
    return found


def beside(figure: Figure, groups: Groups, *, last_stages: Mapping[str, str]) -> tuple[Kind, Mean] | None:
    """What is laid beside a figure: runs of its recipe's last stage, asked the same; None: there are none.

    Runs whose recipe was changed count only where there are no others.

    Args:
        figure: of a paper.
        groups: see `grouped`.
        last_stages: of each recipe the stage that its paper's figures are of.
    """
    if figure.recipe is None:
        return None
    asked = [
        (kind, mean)
        for kind, outcomes in groups.items()
        if kind.recipe == figure.recipe
        and kind.stage == last_stages.get(figure.recipe)
        and (kind.data, kind.matching) == (figure.data, figure.matching)
        and figure.protocol in (None, kind.protocol)
        and (mean := mean_of(outcomes, figure.metric, is_reranked=figure.is_reranked)) is not None
    ]
    return min(asked, key=lambda one: (len(one[0].changes), -one[1].runs), default=None)


def mean_of(outcomes: Sequence[Outcome], metric: str, *, is_reranked: bool = False) -> Mean | None:
    """Of one score over runs; None: none of them has it."""
    scores = [outcome.scores for outcome in outcomes]
    if is_reranked:
        scores = [outcome.reranked.scores for outcome in outcomes if outcome.reranked is not None]
    values = [100 * each[metric] for each in scores if metric in each]
    if not values:
        return None
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Mean(float(np.mean(values)), spread, len(values))


def _kind(outcome: Outcome, question: Question) -> Kind:
    return Kind(outcome.recipe, outcome.stage, outcome.changes, question.data, question.protocol, question.matching)
