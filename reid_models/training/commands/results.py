"""`reid-train results`: figures of papers, ours beside them, and whatever else was run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.table import Table

from reid_models.training.changes import RecipeError
from reid_models.training.evaluation.outcome import kept_below
from reid_models.training.recipes.catalogue import RECIPES
from reid_models.training.results.beside import Groups, Kind, Mean, beside, grouped, mean_of
from reid_models.training.results.figures import Figure, read_figures

ABSENT = "not run: data absent"
SHOWN = ("mAP", "R1", "R5", "mINP")
"""Of runs that no figure of a paper is laid beside."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of `results`.

    Attributes:
        runs: folders below which stages keep their evaluations.
        papers: of these alone; none: of all.
        present: names of data sets that are there.
        shows_all: whether figures without a recipe are shown too.
        is_markdown: for a document, in the place of a terminal.
    """

    runs: Sequence[Path] = ()
    papers: Sequence[str] = ()
    present: Sequence[str] = ()
    shows_all: bool = False
    is_markdown: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """A table, however it is printed."""

    title: str
    columns: tuple[str, ...]
    cells: list[tuple[str, ...]]


def run(request: Request, console: Console) -> None:
    """Prints the tables.

    Raises:
        RecipeError: if there is no such paper.
        OutcomeError: if a kept evaluation cannot be read.
    """
    groups = grouped(kept_below(request.runs))
    for rows in (*papers(request, groups), runs_of(groups)):
        if not rows.cells:
            continue
        if request.is_markdown:
            console.print(markdown(rows), soft_wrap=True, markup=False)
        else:
            console.print(table(rows))


def papers(request: Request, groups: Groups) -> list[Rows]:
    """One table a paper: its figure, ours, and the difference."""
    figures = read_figures()
    known = list(dict.fromkeys(figure.paper for figure in figures))
    for paper in request.papers:
        if paper not in known:
            raise RecipeError(f"expected one of the papers {', '.join(known)}, found {paper}")
    stages = _last_stages(figures)
    found = []
    for paper, of_paper in groupby(figures, key=lambda figure: figure.paper):
        if request.papers and paper not in request.papers:
            continue
        shown = [figure for figure in of_paper if figure.recipe is not None or request.shows_all]
        cells = [_cells(figure, groups, stages, request.present) for figure in shown]
        quoted = "; ".join(dict.fromkeys(figure.quoted for figure in shown if figure.quoted))
        title = f"{paper}, not read in the paper itself: {quoted}" if quoted else paper
        columns = ("row", "data", "protocol", "score", "paper, %", "ours, %", "difference", "recipe")
        found.append(Rows(title, columns, cells))
    return found


def runs_of(groups: Groups) -> Rows:
    """Everything that was evaluated, a line for each kind of run."""
    cells = [
        (
            kind.recipe,
            kind.stage,
            kind.data,
            kind.protocol,
            str(len(outcomes)),
            *(_shown(mean_of(outcomes, metric)) for metric in SHOWN),
            "; ".join(kind.changes),
        )
        for kind, outcomes in groups.items()
    ]
    return Rows("runs", ("recipe", "stage", "data", "protocol", "runs", *SHOWN, "not as the recipe has it"), cells)


def table(rows: Rows) -> Table:
    """For a terminal."""
    found = Table(title=rows.title, title_justify="left")
    for column in rows.columns:
        found.add_column(column, overflow="fold")
    for cells in rows.cells:
        found.add_row(*cells)
    return found


def markdown(rows: Rows) -> str:
    """For a document."""
    lines = [f"{rows.title}", "", _line(rows.columns), _line("---" for _ in rows.columns)]
    return "\n".join([*lines, *(_line(cells) for cells in rows.cells), ""])


def _cells(figure: Figure, groups: Groups, stages: dict[str, str], present: Sequence[str]) -> tuple[str, ...]:
    ours = beside(figure, groups, last_stages=stages)
    protocol = figure.protocol or "not stated"
    where = figure.data if figure.matching == "video_to_video" else f"{figure.data}, {_words(figure.matching)}"
    head = (figure.row, where, protocol, figure.metric, f"{figure.value:.2f}")
    if ours is None:
        missing = "no recipe" if figure.recipe is None else "not run" if figure.data in present else ABSENT
        return (*head, missing, "", figure.recipe or "")
    kind, mean = ours
    return (*head, _shown(mean), f"{mean.value - figure.value:+.2f}", _with_changes(kind))


def _with_changes(kind: Kind) -> str:
    return f"{kind.recipe}, changed: {'; '.join(kind.changes)}" if kind.changes else kind.recipe


def _shown(mean: Mean | None) -> str:
    if mean is None:
        return ""
    spread = "" if mean.spread is None else f" ± {mean.spread:.2f} of {mean.runs}"
    return f"{mean.value:.2f}{spread}"


def _words(matching: str) -> str:
    return matching.replace("_", " ")


def _last_stages(figures: Iterable[Figure]) -> dict[str, str]:
    """Of each recipe that figures name and the catalogue has: the stage that makes the paper's network."""
    names = {figure.recipe for figure in figures if figure.recipe is not None}
    return {name: RECIPES[name]().stages[-1].name for name in names if name in RECIPES}


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
