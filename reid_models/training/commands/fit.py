"""`reid-train fit`: runs what is left of a recipe's stages, in a folder."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import torch
from rich.console import Console

from reid_learning.checkpoint import load_checkpoint
from reid_learning.loop import TrainingError
from reid_learning.machine import Machine, process_group
from reid_models.architectures.backbones import TrunkSpec
from reid_models.architectures.catalogue import CATALOGUE
from reid_models.training.changes import RecipeError, changed, with_field
from reid_models.training.data import read_crop_set
from reid_models.training.datasets.catalogue import DATASETS, read_dataset
from reid_models.training.feeds.crops import CropFeedParams
from reid_models.training.fit import Lesson, fit
from reid_models.training.learners.attribute_transfer import TransferObjective
from reid_models.training.learners.attributes import AttributeObjective
from reid_models.training.learners.completion import CompletionObjective
from reid_models.training.plan import Plan, Stage
from reid_models.training.prepare import prepare
from reid_models.training.recipe import Recipe
from reid_models.training.recipes.catalogue import read_plan, recipe_name
from reid_models.training.restore import Origin, write_origin
from reid_models.training.stores import joined
from reid_models.training.tracklets import Dataset, DatasetError

RECIPE = "recipe.json"
"""What a stage's folder says of its recipe."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Fields that the command line changes in every stage of a recipe; None: as they are.

    Attributes:
        network, trunk, weights, steps, batch, rate, seed: the usual ones.
        fields: any others, as `path=value`.
    """

    network: str | None = None
    trunk: str | None = None
    weights: str | None = None
    steps: int | None = None
    batch: int | None = None
    rate: float | None = None
    seed: int | None = None
    fields: Sequence[str] = ()

    def of(self, recipe: Recipe) -> Recipe:
        """The recipe with them.

        Raises:
            RecipeError: if it has no such field, or a value is not of its kind.
        """
        wanted: dict[str, object] = {}
        if self.network is not None:
            wanted["network"] = {"name": self.network}
        loop: dict[str, object] = {"steps": self.steps, "seed": self.seed}
        wanted["loop"] = {name: value for name, value in loop.items() if value is not None}
        if self.rate is not None:
            wanted["loop"] = {**wanted["loop"], "optimiser": {"rate": self.rate}}  # type: ignore[dict-item]
        found = changed(recipe, wanted)
        if self.trunk is not None:
            network = replace(found.network, trunk=_trunk(self.trunk, found), weights=self.weights)
            found = replace(found, network=network)
        elif self.weights is not None:
            found = replace(found, network=replace(found.network, weights=self.weights))
        if self.batch is not None:
            found = _with_batch(found, self.batch)
        for field in self.fields:
            path, equals, value = field.partition("=")
            if not equals:
                raise RecipeError(f"expected --set path=value, found {field}")
            found = with_field(found, path, value)
        return found


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of `fit`.

    Attributes:
        recipe: name or YAML file.
        data: `NAME=FOLDER` of a data set; of two where attributes go over from the first to the second; or folders of
            crops.
        out: folder of the run.
        changes: see there.
        machine: see there.
        split: of the data set.
        asked: another data set to ask now and then; None: the one that is learnt from.
        ask_every: steps between two looks; 0: never.
        begins_with: a run whose weights the first stage begins with.
        threads: of the processor.
    """

    recipe: str
    data: Sequence[str]
    out: Path
    changes: Changes
    machine: Machine
    split: int = 0
    asked: str | None = None
    ask_every: int = 0
    begins_with: Path | None = None
    threads: int = 1


def run(request: Request, console: Console) -> Plan:
    """Runs it; returns the plan that was run.

    Raises:
        PasserbyError: if what was asked cannot be; one line.
    """
    torch.set_num_threads(request.threads)
    cv2.setNumThreads(1)
    plan = plan_of(request)
    with process_group(request.machine.check()):
        _run_stages(plan, request, console)
    return plan


def _run_stages(plan: Plan, request: Request, console: Console) -> None:
    has_run = False
    for stage in plan.stages:
        folder = request.out / stage.name
        begins_with = request.out / stage.after if stage.after else request.begins_with
        lesson = _lesson(request, stage)
        recipe = _with_labels(stage.recipe, lesson)
        _write_recipe(recipe, folder)
        write_origin(_origin(request, stage.name), folder)
        try:
            fit(recipe, lesson, folder, console=console, machine=request.machine, begins_with=begins_with)
            has_run = True
        except TrainingError as error:
            if not str(error).startswith("expected a run with steps to go"):
                raise
    if not has_run:
        raise TrainingError(f"expected a run with steps to go, found all of {request.recipe} done in {request.out}")


def plan_of(request: Request) -> Plan:
    """What would be run.

    Raises:
        RecipeError: if there is no such recipe, or it has no such field.
    """
    return read_plan(request.recipe).mapped(request.changes.of)


def data_named(data: str, *, split: int) -> Dataset:
    """The data set of `NAME=FOLDER`.

    Raises:
        DatasetError: if it is not written so, or is not there.
    """
    name, equals, folder = data.partition("=")
    if not equals:
        raise DatasetError(f"expected --data NAME=FOLDER with one of {', '.join(DATASETS)}, found {data}")
    return read_dataset(name, Path(folder), split=split)


def _lesson(request: Request, stage: Stage) -> Lesson:
    recipe = stage.recipe
    asked = data_named(request.asked, split=request.split) if request.asked else None
    if isinstance(recipe.feed, CropFeedParams):
        crops = read_crop_set([Path(folder) for folder in request.data])
        return Lesson(crops, crops.seen, asked=asked, ask_every=request.ask_every or 1)
    datasets = _datasets(request)
    dataset = datasets[-1]
    if isinstance(recipe.objective, TransferObjective):
        if len(datasets) != 2:
            raise DatasetError(
                f"expected two data sets, one with attributes and then one without, found {len(datasets)}: say --data "
                "twice"
            )
        seen = tuple(one.seen for one in datasets)
        return Lesson(joined(datasets[0].train.named(), dataset.train.named()), seen)
    if stage.prepared_by is not None:
        dataset = prepare(dataset, request.out / stage.prepared_by, recipe, machine=request.machine)
    if isinstance(recipe.objective, CompletionObjective):
        return Lesson(dataset.train, (dataset.seen,))
    own = asked or (dataset if request.ask_every else None)
    return Lesson(dataset.train, (dataset.seen,), asked=own, ask_every=request.ask_every or 1)


def _datasets(request: Request) -> list[Dataset]:
    """One; two for a recipe in which attributes go over."""
    most = 1 + any(isinstance(one.recipe.objective, TransferObjective) for one in read_plan(request.recipe).stages)
    if not 1 <= len(request.data) <= most:
        raise DatasetError(f"expected {'one data set' if most == 1 else 'two data sets'}, found {len(request.data)}")
    return [data_named(data, split=request.split) for data in request.data]


def _with_labels(recipe: Recipe, lesson: Lesson) -> Recipe:
    """With the names of the attributes that are learnt from, for a network that has them."""
    if not isinstance(recipe.objective, AttributeObjective | TransferObjective):
        return recipe
    names = recipe.network.attributes or lesson.people.attribute_names
    return replace(recipe, network=replace(recipe.network, attributes=names))


def _origin(request: Request, stage: str) -> Origin:
    data = ", ".join(name.partition("=")[0] for name in request.data)
    return Origin(recipe_name(request.recipe), stage, data, request.split)


def _write_recipe(recipe: Recipe, folder: Path) -> None:
    """For people to read; not over that of another recipe's run, which is refused here."""
    load_checkpoint(folder, recipe=recipe)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECIPE).write_text(json.dumps(asdict(recipe), indent=1) + "\n", encoding="utf-8")


def _trunk(kind: str, recipe: Recipe) -> TrunkSpec:
    entry = CATALOGUE.get(recipe.network.name)
    stride = (recipe.network.trunk or entry.trunk).last_stride if entry else 1
    return changed(TrunkSpec("compact", last_stride=stride), {"kind": kind}, where="network.trunk")


def _with_batch(recipe: Recipe, batch: int) -> Recipe:
    """As many clips in a step: persons change, not the clips of each."""
    sampler = recipe.feed.sampler
    clips = sampler.each
    if batch % clips or batch // clips < 1:
        raise RecipeError(f"expected --batch that is a multiple of {clips}, the clips of each person, found {batch}")
    return replace(recipe, feed=replace(recipe.feed, sampler=replace(sampler, persons=batch // clips)))
