"""Runs a recipe on a data set: steps, looks at the test set on the way, and what a run's folder holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from reid_learning.checkpoint import FILE
from reid_learning.curves import draw_curves
from reid_learning.loop import Phase, TrainingError, TrainingStep, run
from reid_learning.machine import Machine, process_group, rank, synchronised, world
from reid_learning.progress import watch_training
from reid_learning.run_log import RunLog
from reid_models.ranking import Ranking
from reid_models.training.build import begin_with, build_learner
from reid_models.training.data import CropSet
from reid_models.training.evaluation.ask import ask
from reid_models.training.feeds.crops import CropFeed, CropFeedParams
from reid_models.training.feeds.feed import Feed, PrefetchedFeed
from reid_models.training.feeds.tracklets import TrackletFeed
from reid_models.training.imprint import imprint
from reid_models.training.learners.batch import Batch
from reid_models.training.learners.phases import LearnerPhase
from reid_models.training.recipe import Recipe
from reid_models.training.restore import CLASSIFIERS
from reid_models.training.tracklets import Dataset, DatasetError, TrackletSet

READERS = 2
EACH = 2
"""Clips of a person, at least, that say where that person's features lie before the first step; as a rule."""
AGAIN = 8
"""Batches more, whose persons are then in two: they say how far classifiers can be trusted."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What is learnt from, and what the network is asked on the way.

    Attributes:
        learnt: tracklets, or crops with masks.
        seen: what they are, in words.
        asked: a data set whose queries are ranked now and then; nothing is learnt from them. None: nothing is asked.
        ask_every: steps between two looks.
    """

    learnt: TrackletSet | CropSet
    seen: tuple[str, ...]
    asked: Dataset | None = None
    ask_every: int = 500

    @property
    def people(self) -> TrackletSet:
        """Whoever is learnt from, numbered from 0."""
        people = self.learnt.people if isinstance(self.learnt, CropSet) else self.learnt
        return people.named().classes()


def fit(
    recipe: Recipe,
    lesson: Lesson,
    folder: Path,
    *,
    console: Console,
    machine: Machine = Machine(),  # noqa: B008  # frozen
    begins_with: Path | None = None,
) -> TrainingStep:
    """Runs what is left of a recipe, and returns its last step.

    Args:
        recipe: what is run.
        lesson: what is learnt from.
        folder: of the run: checkpoint, log. Where there is one, the run goes on from it.
        console: for losses and figures.
        machine: where it runs.
        begins_with: folder of a run whose averaged weights a new run begins with, as far as they have its names.

    Raises:
        DatasetError: if the set does not fit the recipe.
        CheckpointError: if the folder is of another run.
        TrainingError: if the run is over already, or its losses are not finite.
    """
    with process_group(machine.check()) as own:
        return _fit(recipe, lesson, folder, console, own, begins_with)


def _fit(
    recipe: Recipe, lesson: Lesson, folder: Path, console: Console, machine: Machine, begins_with: Path | None
) -> TrainingStep:
    torch.manual_seed(recipe.loop.seed)
    people = lesson.people
    identities = int(people.persons.max(initial=-1)) + 1
    built = build_learner(recipe, identities, people=people)
    learner = synchronised(built, machine)
    if begins_with is not None:
        begin_with(learner, begins_with)
    learner = _laid_out(learner.to(machine.device))
    feed = _feed(recipe, lesson, people, learner)
    if recipe.classifier == "imprinted" and not (folder / FILE).exists():
        imprint(learner, identities, _few(feed, identities, recipe, machine))
    last: TrainingStep | None = None
    total = recipe.loop.steps * recipe.loop.accumulate
    with PrefetchedFeed(feed, threads=READERS, until=total) as ahead, RunLog(folder, is_silent=rank() > 0) as log:
        forward = _forward(learner, machine)
        batches = _Held(ahead, machine)
        phases = [_phase(phase, forward, batches) for phase in built.phases]
        steps = run(learner, phases, recipe.loop, folder=folder, recipe=recipe, seen=lesson.seen, machine=machine)
        for last in _watched(steps, recipe, console):
            log.write(last.number + 1, rate=last.rate, **last.losses)
            _look(last, recipe, lesson, machine, console, log)
    if last is None:
        raise TrainingError(f"expected a run with steps to go, found all {recipe.loop.steps} done in {folder}")
    if rank() == 0:
        draw_curves(folder)
    return last


def _feed(recipe: Recipe, lesson: Lesson, people: TrackletSet, learner: nn.Module) -> Feed:
    def proxies() -> NDArray[np.float32]:
        weights = dict(learner.named_parameters())
        classes_KD = next(weights[name] for name in CLASSIFIERS if name in weights)
        rows: NDArray[np.float32] = classes_KD.detach().float().cpu().numpy()
        return rows

    seed = recipe.loop.seed
    if isinstance(recipe.feed, CropFeedParams):
        if not isinstance(lesson.learnt, CropSet):
            raise DatasetError("expected a set of crops that `render` or `pack` wrote, found tracklets")
        batches = recipe.loop.steps * recipe.loop.accumulate
        return CropFeed(recipe.feed, lesson.learnt, batches=batches, seed=seed, proxies=proxies)
    return TrackletFeed(recipe.feed, people, recipe.network.clip, seed=seed, proxies=proxies)


def _few(feed: Feed, identities: int, recipe: Recipe, machine: Machine) -> Iterator[Batch]:
    """Batches in which everybody is seen, as a rule.

    Of tracklets, those that would come after the last step: with the first ones a run would begin with clips that its
    classifier was made of, know them by heart and learn nothing. Crops are many, and those of the first steps smaller.
    """
    sampler = recipe.feed.sampler
    count = max(-(-identities // sampler.persons), -(-EACH * identities // sampler.batch))
    first = 0 if isinstance(recipe.feed, CropFeedParams) else recipe.loop.steps * recipe.loop.accumulate
    for number in range(first, first + count + AGAIN):
        yield feed.batch(number).to(machine.device)


def _forward(learner: nn.Module, machine: Machine) -> nn.Module:
    """What a step calls: the learner, compiled and shared among processes where that is asked."""
    if machine.is_compiled:
        learner.get_submodule("network").compile()
    if world() == 1:
        return learner
    return DistributedDataParallel(learner, find_unused_parameters=True)


def _laid_out(learner: nn.Module) -> nn.Module:
    """With the weights of 2-D convolutions channel by channel, which is faster; torch would do it to 3-D ones too."""
    for parameter in learner.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return learner


def _phase(phase: LearnerPhase, forward: nn.Module, batches: "_Held") -> Phase:
    return Phase(lambda number: forward(batches.batch(number), phase.name), phase.learns, phase.name)


class _Held:
    """Keeps the last batch: all phases of a step have the same."""

    def __init__(self, ahead: PrefetchedFeed, machine: Machine) -> None:
        self._ahead = ahead
        self._device = machine.device
        self._number = -1
        self._batch: Batch | None = None

    def batch(self, number: int) -> Batch:
        """See `Feed.batch`; on the machine's device."""
        if self._batch is None or number != self._number:
            self._batch, self._number = self._ahead.batch(number).to(self._device), number
        return self._batch


def _watched(steps: Iterator[TrainingStep], recipe: Recipe, console: Console) -> Iterator[TrainingStep]:
    """The first of several processes shows how far the run is."""
    if rank():
        return steps
    return watch_training(steps, total=recipe.loop.steps, console=console)


def _look(step: TrainingStep, recipe: Recipe, lesson: Lesson, machine: Machine, console: Console, log: RunLog) -> None:
    if lesson.asked is None or rank() or (step.number + 1) % lesson.ask_every:
        return
    found = ask(step.average.get_submodule("network"), lesson.asked, recipe.test, recipe.network.clip, machine=machine)
    console.print(f"step {step.number + 1}: {in_words(found)}")
    log.write(step.number + 1, rank1=found.found_within(1), mean_average_precision=found.mean_average_precision)
    draw_curves(log.folder)


def in_words(found: Ranking) -> str:
    """R1, R5 and mAP in one line."""
    figures = f"R1 {found.found_within(1):.1%}, R5 {found.found_within(5):.1%}, mAP {found.mean_average_precision:.1%}"
    return f"{figures} of {found.queries} queries"
