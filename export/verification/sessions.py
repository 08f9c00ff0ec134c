"""Networks behind the socket of serving: artefacts, checkpoints of torch, and one that notes what it is given."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.graph.errors import ExportError
from export.graph.sources import trained_subject
from export.graph.subject import Subject
from reid_models.architectures.architecture import Lengths
from reid_runtime.card import ModelCard, read_card
from reid_runtime.load import load_session, open_session, own_provider
from reid_runtime.session import Arrays, Provider, Session


class TorchSession:
    """A network in torch that takes and yields what a card says of its first input and output."""

    def __init__(
        self,
        network: Callable[[Tensor], Tensor | tuple[Tensor, ...]],
        card: ModelCard,
        *,
        device: str = "cpu",
        is_half: bool = False,
    ) -> None:
        """Takes a network.

        Args:
            network: lies on the device already.
            card: of what it is beside.
            device: of torch.
            is_half: whether products are of half precision, by torch's autocast.
        """
        self._network = network
        self._card = card
        self._device = device
        self._is_half = is_half

    @property
    def card(self) -> ModelCard:
        """See `Session.card`."""
        return self._card

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        """See `Session.run`."""
        given = torch.from_numpy(np.ascontiguousarray(inputs[self._card.inputs[0].name])).to(self._device)
        with torch.inference_mode(), torch.autocast(self._device, torch.float16, enabled=self._is_half):
            found = self._network(given)
        first = found[0] if isinstance(found, tuple) else found
        return {self._card.outputs[0].name: first.float().cpu().numpy()}


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
        ExportError: if what it holds is no network that is exported.
    """
    if path.is_file() or (path.suffix and not path.is_dir()):
        return load_session(path, provider=provider, threads=threads)
    torch.set_num_threads(threads)
    subject = trained_subject(path)
    check_source(subject, like)
    return TorchSession(subject.network, like)


def check_source(subject: Subject, card: ModelCard) -> None:
    """Whether a network in torch takes what an artefact takes.

    Raises:
        ExportError: if it takes images and the artefact clips, or clips of another size.
    """
    own, its = subject.clip, card.clip
    if own is not None and its is not None:
        lengths = subject.lengths or Lengths()
        has_frames = own.frames == its.frames if lengths.is_built_in else lengths.allow(its.frames)
        is_alike = has_frames and (own.height, own.width) == (its.height, its.width)
    else:
        is_alike = own is its and card.detection is not None
    if not is_alike:
        raise ExportError(
            f"expected a network that takes what {card.name} takes, found {subject.architecture}: name the one that "
            "it was made from"
        )


def open_artefact(path: Path, *, provider: Provider | None, threads: int) -> Session:
    """An artefact on a provider, or where such files run: an engine in its library, others on every processor.

    Raises:
        ArtefactError: if it is not what it should be.
    """
    card = read_card(path)
    own = card.engine.runtime if card.engine else own_provider(path)
    return open_session(path, card, provider=provider or own, threads=threads)
