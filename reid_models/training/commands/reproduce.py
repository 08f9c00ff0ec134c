"""`reid-train reproduce`: every recipe of a paper, from the training to the row beside the paper's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from reid_learning.loop import TrainingError
from reid_models.training.changes import RecipeError
from reid_models.training.commands import evaluate, fit, results
from reid_models.training.completing import COMPLETED
from reid_models.training.datasets.catalogue import DATASETS
from reid_models.training.learners.completion import CompletionObjective
from reid_models.training.plan import Plan
from reid_models.training.recipes.catalogue import RECIPES, SMALL
from reid_models.training.results.figures import read_figures


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of `reproduce`.

    Attributes:
        paper: its name in the results, for all its recipes; or the name of one recipe.
        run: how each is run; its recipe is not looked at, and its folder takes one for each recipe, and of data sets
            with several splits one for each split in it.
        is_small: whether at the size that two cores learn.
    """

    paper: str
    run: fit.Request
    is_small: bool = False


def run(request: Request, scores: Console, console: Console) -> None:
    """Runs what is left of it.

    Args:
        request: see there.
        scores: for the tables.
        console: for everything else.

    Raises:
        PasserbyError: if what was asked cannot be; one line.
    """
    papers = set()
    for recipe in recipes_of(request.paper):
        name = f"{recipe}{SMALL}" if request.is_small else recipe
        console.print(f"{name}:")
        folders = [_fitted(replace(one, recipe=name), console) for one in _splits(request.run, name)]
        for subjects, data in _asked(RECIPES[recipe](), folders, request.run.data[-1]):
            asked = evaluate.Request(subjects, data, machine=request.run.machine, threads=request.run.threads)
            evaluate.run(asked, scores, console)
        papers |= {figure.paper for figure in read_figures() if figure.recipe == recipe}
    if papers:
        results.run(results.Request([request.run.out], sorted(papers)), scores)


def recipes_of(paper: str) -> list[str]:
    """The recipes of a paper's figures, in their order; what is no paper is a recipe itself.

    Raises:
        RecipeError: if there are none.
    """
    figures = read_figures()
    found = [figure.recipe for figure in figures if figure.paper == paper and figure.recipe in RECIPES]
    if not found and paper in RECIPES:
        return [paper]
    if not found:
        known = dict.fromkeys(figure.paper for figure in figures if figure.recipe in RECIPES)
        raise RecipeError(f"expected one of the papers {', '.join(known)}, or a recipe, found {paper}")
    return [name for name in dict.fromkeys(found) if name is not None]


def _splits(request: fit.Request, name: str) -> Sequence[fit.Request]:
    """One request a split of the data set that is learnt from last."""
    entry = DATASETS.get(request.data[-1].partition("=")[0])
    splits = 1 if entry is None else entry.splits
    out = request.out / name
    if splits == 1:
        return [replace(request, out=out)]
    return [replace(request, out=out / f"split{split}", split=split) for split in range(splits)]


def _fitted(request: fit.Request, console: Console) -> Path:
    """Folder of its last stage."""
    try:
        plan = fit.run(request, console)
    except TrainingError as error:
        if not str(error).startswith("expected a run with steps to go"):
            raise
        plan = fit.plan_of(request)
    return request.out / plan.stages[-1].name


def _asked(plan: Plan, folders: Sequence[Path], data: str) -> list[tuple[Sequence[Path], str]]:
    """By what each network is asked: one that has learnt from a completed set by that of its own split."""
    objectives = {stage.name: stage.recipe.objective for stage in plan.stages}
    by = plan.stages[-1].prepared_by
    if by is None or not isinstance(objectives[by], CompletionObjective):
        return [(folders, data)]
    return [([folder], f"completed={folder.parent / by / COMPLETED}") for folder in folders]
