"""`reid-train complete`: writes a data set whose hidden parts were made up."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import torch
from rich.console import Console
from rich.progress import Progress

from reid_learning.checkpoint import FILE, read_checkpoint
from reid_learning.machine import Machine
from reid_models.training.changes import RecipeError
from reid_models.training.commands.fit import data_named
from reid_models.training.completing import Card, complete
from reid_models.training.learners.completion import CompletionLearner
from reid_models.training.restore import recipe_of, restored_learner


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of `complete`.

    Attributes:
        stage: folder of STCnet's.
        data: `NAME=FOLDER`.
        out: folder of the set.
        split: of the data set.
        tau: similarity below which a part counts as hidden; None: the recipe's.
        machine: see there.
        threads: of the processor.
    """

    stage: Path
    data: str
    out: Path
    split: int = 0
    tau: float | None = None
    machine: Machine = Machine()  # noqa: RUF009  # frozen
    threads: int = 1


def run(request: Request, console: Console) -> Card:
    """Completes it; returns what the set says of itself.

    Raises:
        PasserbyError: if what was asked cannot be; one line.
    """
    request.machine.check()
    torch.set_num_threads(request.threads)
    cv2.setNumThreads(1)
    checkpoint = read_checkpoint(request.stage / FILE)
    recipe = recipe_of(checkpoint)
    learner = restored_learner(recipe, checkpoint).to(request.machine.device)
    if not isinstance(learner, CompletionLearner):
        raise RecipeError(f"expected the stage of STCnet at {request.stage}, found {recipe.network.name}: fit vrstc")
    dataset = data_named(request.data, split=request.split)
    tau = learner.objective.tau if request.tau is None else request.tau
    sides = (dataset.train, dataset.query, dataset.gallery)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("frames", total=sum(side.frame_count for side in sides))
        return complete(
            dataset,
            learner,
            request.out,
            tau=tau,
            machine=request.machine,
            observer=lambda frames: progress.advance(task, frames),
        )
