"""What is evaluated: the folder of a stage, or any artefact that serving loads."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reid_learning.checkpoint import FILE, CheckpointError, read_checkpoint
from reid_learning.machine import Machine
from reid_models.clip_encoder import ClipEncoder
from reid_models.crop_encoder import NAMES, CropEncoder
from reid_models.encoder import Encoder
from reid_models.training.evaluation.ask import compare
from reid_models.training.evaluation.describe import Observer, describe_by
from reid_models.training.evaluation.protocols import Match, match
from reid_models.training.learners.attribute_transfer import TransferObjective
from reid_models.training.learners.completion import CompletionObjective
from reid_models.training.recipe import Recipe, TestParams
from reid_models.training.restore import Origin, read_origin, recipe_of, restored
from reid_models.training.sampling.test_clips import TestClips
from reid_models.training.tracklets import Dataset
from reid_runtime.load import load_session
from reid_runtime.session import Provider

Compare = Callable[[Dataset, TestParams, Observer], Match]
ARTEFACT = ".onnx"
DESCRIBES_NOBODY = (CompletionObjective, TransferObjective)
"""They complete images, or tell attributes."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """
    Attributes:
        name: of the network, for people.
        test: how its paper asks it; of an artefact, one clip over each tracklet, as serving cuts it.
        compare: (data set, how it is asked, observer) -> how alike queries and gallery are to it.
        folder: of the stage; None: it is an artefact.
        recipe: of the stage; None: an artefact has none.
        origin: how the stage was asked for, where its folder says so.
        steps: that it has learnt for; 0: nobody knows.
        seen: the data that it was trained on, in words.
    """

    name: str
    test: TestParams
    compare: Compare
    folder: Path | None = None
    recipe: Recipe | None = None
    origin: Origin | None = None
    steps: int = 0
    seen: tuple[str, ...] = ()


def read_subject(path: Path, *, machine: Machine, threads: int = 1) -> Subject:
    """What a path holds.

    Args:
        path: folder of a stage, or of a run of one stage; or an artefact, with its card beside it.
        machine: where it runs.
        threads: of an artefact, on the processor.

    Raises:
        CheckpointError: if there is no checkpoint, or several, or its network describes nobody.
        ArtefactError: if the artefact, its card or its provider is not what it should be.
    """
    if path.suffix == ARTEFACT:
        return _artefact(path, machine=machine, threads=threads)
    folder = stage_folder(path)
    checkpoint = read_checkpoint(folder / FILE)
    recipe = recipe_of(checkpoint)
    if isinstance(recipe.objective, DESCRIBES_NOBODY):
        raise CheckpointError(
            f"expected a stage that learnt to recognise people, found one of {recipe.objective.kind} in {folder}, "
            "which describes nobody: name another"
        )
    network = restored(recipe, checkpoint).to(machine.device)

    def asked(dataset: Dataset, test: TestParams, observer: Observer) -> Match:
        return compare(network, dataset, test, recipe.network.clip, machine=machine, observer=observer)

    origin = read_origin(folder)
    return Subject(str(path), recipe.test, asked, folder, recipe, origin, checkpoint.step, checkpoint.seen)


def stage_folder(path: Path) -> Path:
    """The folder of a stage: the path itself, or the only one in it.

    Raises:
        CheckpointError: if there is no checkpoint, or there are several.
    """
    if (path / FILE).is_file():
        return path
    stages = sorted(file.parent for file in path.glob(f"*/{FILE}"))
    if not stages:
        raise CheckpointError(f"expected the folder of a stage, or an artefact {ARTEFACT}, at {path}: found no {FILE}")
    if len(stages) > 1:
        names = ", ".join(stage.name for stage in stages)
        raise CheckpointError(f"expected the folder of one stage, found those of {names} in {path}: name one")
    return stages[0]


def _artefact(path: Path, *, machine: Machine, threads: int) -> Subject:
    provider: Provider = "cuda" if machine.device.startswith("cuda") else "cpu"
    session = load_session(path, provider=provider, threads=threads)
    encoder: Encoder = CropEncoder(session) if session.card.family in NAMES else ClipEncoder(session)
    clips = TestClips("spread", encoder.clip.frames)

    def through(clips_BTHWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        return encoder.encode(clips_BTHWC)

    def asked(dataset: Dataset, test: TestParams, observer: Observer) -> Match:
        query, gallery = (
            describe_by(through, people, cut, encoder.clip, observer=observer)
            for people, cut in ((dataset.query, test.query), (dataset.gallery, test.gallery))
        )
        return match(test.protocol, query, gallery, dataset, distance=test.distance)

    return Subject(encoder.model_id, TestParams(clips, clips), asked, seen=(session.card.notes or session.card.origin,))
