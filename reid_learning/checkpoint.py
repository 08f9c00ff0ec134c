"""What a run needs to go on as if nothing had happened; one file, written whole or not at all."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from passerby_events.errors import PasserbyError
from reid_learning.recipes import Recipe, differences

FILE = "checkpoint.pt"
UNKNOWN = "unknown"
"""What is said of data that do not say where they come from."""
SHOWN = 3
"""Fields that differ, in one line."""


class CheckpointError(PasserbyError):
    """A checkpoint that cannot be used; the message says in one line why."""


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A run between two steps.

    Attributes:
        recipe: fields of the run's recipe; another recipe cannot go on from here.
        step: the next one.
        learner: state of what learns.
        average: state of its moving average.
        optimisers: of each phase the state of its optimiser and of its scaler.
        seen: the sets that it was trained on, each with what it says of itself.
    """

    recipe: dict[str, Any]
    step: int
    learner: dict[str, Any]
    average: dict[str, Any]
    optimisers: list[tuple[dict[str, Any], dict[str, Any]]]
    seen: tuple[str, ...] = (UNKNOWN,)


def save_checkpoint(checkpoint: Checkpoint, folder: Path) -> None:
    """Replaces the folder's checkpoint."""
    partial_file = folder / f"{FILE}.{os.getpid()}.part"
    torch.save({name: getattr(checkpoint, name) for name in Checkpoint.__slots__}, partial_file)
    partial_file.replace(folder / FILE)


def load_checkpoint(folder: Path, *, recipe: Recipe) -> Checkpoint | None:
    """The checkpoint of a folder; None where there is none.

    Args:
        folder: of the run.
        recipe: that it must be of.

    Raises:
        CheckpointError: if it cannot be read, or is of another recipe.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    found = read_checkpoint(path)
    if different := differences(found.recipe, recipe):
        raise CheckpointError(
            f"{path} is of another recipe, {'; '.join(different[:SHOWN])}: take another folder, or the old recipe"
        )
    return found


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a file, of whatever recipe.

    Raises:
        CheckpointError: if there is none, or it cannot be read.
    """
    if not path.is_file():
        raise CheckpointError(f"expected a checkpoint at {path}, found none: train first")
    try:
        return Checkpoint(**torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch.load promises no kind: pickle, zip and struct errors all come through
        raise CheckpointError(
            f"{path}: expected a checkpoint of a run, found something else: take another folder, or train anew"
        ) from error
