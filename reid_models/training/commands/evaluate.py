"""`reid-train evaluate`: asks a trained network, prints its scores, and keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast, get_args

import cv2
import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from reid_learning.machine import Machine
from reid_learning.recipes import differences, kept
from reid_models.architectures.tkp import Matching
from reid_models.training.changes import RecipeError
from reid_models.training.commands.fit import data_named
from reid_models.training.datasets.catalogue import DATASETS
from reid_models.training.evaluation.outcome import Outcome, Question, keep, mean_outcome, outcome_of, write
from reid_models.training.evaluation.page import write_page
from reid_models.training.evaluation.protocols import Match
from reid_models.training.evaluation.reranking import RerankParams
from reid_models.training.evaluation.subject import Subject, read_subject
from reid_models.training.recipe import TestParams
from reid_models.training.recipes.catalogue import read_plan
from reid_models.training.sampling.test_clips import TestClips
from reid_models.training.tracklets import Dataset, DatasetError

FIRST_FRAME = TestClips("first", 1)
"""An image of a tracklet, as TKP takes it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of `evaluate`.

    Attributes:
        subjects: folders of stages, one for each split of the data set; or an artefact.
        data: `NAME=FOLDER`.
        protocol: None: the data set's, or the recipe's.
        matching: of TKP, which side is an image; None: the recipe's.
        split: None: that which the stage learnt from; of an artefact, each of them.
        rerank: whether it is re-ranked beside that.
        machine: see there.
        json, html: files to write; None: none.
        threads: of the processor.
    """

    subjects: Sequence[Path]
    data: str
    protocol: str | None = None
    matching: str | None = None
    split: int | None = None
    rerank: bool = False
    machine: Machine = Machine()  # noqa: RUF009  # frozen
    json: Path | None = None
    html: Path | None = None
    threads: int = 1


def run(request: Request, scores: Console, console: Console) -> Outcome:
    """Evaluates; returns the mean over the splits.

    Args:
        request: see there.
        scores: where they are printed.
        console: for everything else.

    Raises:
        PasserbyError: if what was asked cannot be; one line.
    """
    request.machine.check()
    torch.set_num_threads(request.threads)
    cv2.setNumThreads(1)
    outcomes: list[Outcome] = []
    for path in request.subjects:
        subject = read_subject(path, machine=request.machine, threads=request.threads)
        test = _test(subject, request)
        for split in _splits(subject, request):
            dataset = data_named(request.data, split=split)
            match = _match(subject, dataset, test, console)
            outcomes.append(_outcome(subject, dataset, test, match, split, request))
            if request.html is not None and len(outcomes) == 1:
                write_page(request.html, outcomes[0], match, dataset)
    if request.json is not None:
        write(outcomes[0] if len(outcomes) == 1 else outcomes, request.json)
    mean = mean_outcome(outcomes)
    scores.print(title(mean, splits=len(outcomes)), soft_wrap=True)
    scores.print(table(mean))
    for line in remarks(mean):
        scores.print(line, soft_wrap=True)
    return mean


def title(outcome: Outcome, *, splits: int = 1) -> str:
    """What was asked, in one line."""
    over = f", mean of {splits} splits" if splits > 1 else ""
    return f"{outcome.question.data}, protocol {outcome.question.protocol}, {outcome.queries} queries{over}"


def table(outcome: Outcome) -> Table:
    """Scores with their intervals; those after re-ranking in a column of their own, labelled as such."""
    found, again = Table(), outcome.reranked
    for column in ("score", "%", "95 % interval", *(["re-ranked, %"] if again else [])):
        found.add_column(column, justify="left" if column == "score" else "right")
    for name, value in outcome.scores.items():
        interval = outcome.intervals.get(name)
        cells = [name, f"{value:.1%}", f"{interval.low:.1%} to {interval.high:.1%}" if interval else ""]
        if again:
            cells.append(f"{again.scores[name]:.1%}" if name in again.scores else "")
        found.add_row(*cells)
    return found


def remarks(outcome: Outcome) -> list[str]:
    """What else a reader should know: the weakest pair of cameras, and what is not as the recipe has it."""
    found = [] if outcome.reranked is None else [outcome.reranked.title]
    if outcome.cameras:
        weakest = min(outcome.cameras, key=lambda pair: pair.rank1)
        found.append(
            f"weakest pair of cameras: {weakest.query} asked, {weakest.gallery} searched, R1 {weakest.rank1:.1%} of "
            f"{weakest.queries} queries"
        )
    if outcome.changes:
        found.append(f"not as {outcome.recipe} has it: {'; '.join(outcome.changes)}")
    return found


def _test(subject: Subject, request: Request) -> TestParams:
    """How the subject's paper asks it, but for what was asked otherwise."""
    entry = DATASETS.get(request.data.partition("=")[0])
    protocol = request.protocol or (entry.protocol if entry else None) or subject.test.protocol
    test = replace(subject.test, protocol=protocol)
    if request.matching is None:
        return test
    name = request.matching.replace("-", "_")
    if name not in get_args(Matching):
        known = ", ".join(each.replace("_", "-") for each in get_args(Matching))
        raise DatasetError(f"expected --matching {known}, found {request.matching}")
    videos = test.gallery
    query, gallery = (FIRST_FRAME if side == "image" else videos for side in name.split("_to_"))
    return replace(test, query=query, gallery=gallery, matching=cast(Matching, name))


def _splits(subject: Subject, request: Request) -> Sequence[int]:
    if request.split is not None:
        return [request.split]
    if subject.recipe is None:
        name = request.data.partition("=")[0]
        return range(DATASETS[name].splits if name in DATASETS else 1)
    # What was learnt from another set may be asked all of this one.
    origin = subject.origin
    return [origin.split if origin is not None and origin.data == request.data.partition("=")[0] else 0]


def _match(subject: Subject, dataset: Dataset, test: TestParams, console: Console) -> Match:
    total = sum(
        len(clips.cut(length))
        for people, clips in ((dataset.query, test.query), (dataset.gallery, test.gallery))
        for length in people.lengths.tolist()
    )
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("clips", total=total)
        return subject.compare(dataset, test, lambda count: progress.advance(task, count))


def _outcome(
    subject: Subject, dataset: Dataset, test: TestParams, match: Match, split: int, request: Request
) -> Outcome:
    question = Question(dataset.name, split, test.protocol, test.distance, test.matching)
    found = outcome_of(subject.name, question, match, rerank=RerankParams() if request.rerank else None)
    found = replace(found, steps=subject.steps, seen=subject.seen)
    if subject.recipe is None or subject.folder is None:
        return found
    found = replace(found, seed=subject.recipe.loop.seed)
    if subject.origin is not None:
        origin = subject.origin
        found = replace(found, recipe=origin.recipe, stage=origin.stage, changes=_changes(subject))
    keep(found, subject.folder)
    return found


def _changes(subject: Subject) -> tuple[str, ...]:
    """Fields of a stage's recipe that are not those of the recipe of that name; another seed is no difference."""
    assert subject.recipe is not None
    assert subject.origin is not None
    try:
        stages = read_plan(subject.origin.recipe).stages
    except RecipeError:
        return ("there is no such recipe now",)
    recipe = next((stage.recipe for stage in stages if stage.name == subject.origin.stage), None)
    if recipe is None:
        return ("it has no such stage now",)
    # The seed is free, and a data set fills in the names of its attributes.
    own = subject.recipe
    plain = replace(
        recipe,
        loop=replace(recipe.loop, seed=own.loop.seed),
        network=replace(recipe.network, attributes=own.network.attributes),
    )
    found = differences(kept(plain), own)
    if subject.steps < recipe.loop.steps:
        found.append(f"it has learnt for {subject.steps} of {recipe.loop.steps} steps")
    return tuple(found)
