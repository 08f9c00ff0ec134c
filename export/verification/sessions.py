"""Networks behind the socket of serving: artefacts, checkpoints of torch, and one that notes what it is given."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from detectors.training.network import ServedDetector
from detectors.training.train import small_person_detector
from detectors.training.train import trained_network as trained_detector
from detectors.yolox import YOLOX
from reid_learning.checkpoint import FILE, CheckpointError, read_checkpoint
from reid_models.architectures.served import ServedNetwork
from reid_models.training.restore import recipe_of, restored
from reid_runtime.card import ModelCard
from reid_runtime.load import load_session
from reid_runtime.session import Arrays, Provider, Session


class TorchSession:
    """A network in torch that takes and yields what a card says of its first input and output."""

    def __init__(self, network: nn.Module, card: ModelCard) -> None:
        self._network = network.eval()
        self._card = card

    @property
    def card(self) -> ModelCard:
        """See `Session.card`."""
        return self._card

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        """See `Session.run`."""
        with torch.inference_mode():
            found = self._network(torch.from_numpy(np.ascontiguousarray(inputs[self._card.inputs[0].name])))
        return {self._card.outputs[0].name: found.numpy()}


class NotingSession:
    """Another session that keeps all that it is given: what a runtime's calibration is fed with, whatever the family.

    Attributes:
        noted: the inputs of each pass.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.noted: list[dict[str, NDArray[Any]]] = []

    @property
    def card(self) -> ModelCard:
        """See `Session.card`."""
        return self._session.card

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        """See `Session.run`."""
        self.noted.append({name: np.array(array) for name, array in inputs.items()})
        return self._session.run(inputs)


def open_reference(path: Path, like: ModelCard, *, provider: Provider, threads: int) -> Session:
    """What an artefact is held against: another artefact, or the folder of a run.

    Args:
        path: of it.
        like: card of the artefact that is held against it.
        provider: of an artefact.
        threads: on the processor.

    Raises:
        ArtefactError: if the artefact is not what it should be.
        CheckpointError: if the folder holds no checkpoint, or several.
    """
    if path.is_file() or path.suffix:
        return load_session(path, provider=provider, threads=threads)
    torch.set_num_threads(threads)
    return TorchSession(served_network(path, like), like)


def open_artefact(path: Path, *, provider: Provider | None, threads: int) -> Session:
    """An artefact on a provider, or where such files run everywhere.

    Raises:
        ArtefactError: if it is not what it should be.
    """
    return load_session(path, provider=provider or "cpu", threads=threads)


def served_network(run: Path, like: ModelCard) -> nn.Module:
    """The network of a run as it is exported.

    Raises:
        CheckpointError: if the folder holds no checkpoint, or several.
    """
    checkpoint = read_checkpoint(_stage(run) / FILE)
    if like.family == YOLOX.name:
        steps = int(checkpoint.recipe["loop"]["steps"])
        return ServedDetector(trained_detector(small_person_detector(steps=steps), _stage(run))).eval()
    return ServedNetwork(restored(recipe_of(checkpoint), checkpoint)).eval()


def _stage(run: Path) -> Path:
    if (run / FILE).is_file():
        return run
    stages = sorted(file.parent for file in run.glob(f"*/{FILE}"))
    if len(stages) != 1:
        found = ", ".join(stage.name for stage in stages) or f"no {FILE}"
        raise CheckpointError(f"expected the folder of one stage, or an artefact, at {run}: found {found}: name one")
    return stages[0]
