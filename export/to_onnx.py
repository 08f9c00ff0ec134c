"""Writes a network as ONNX, holds the file to it, and writes the card."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from passerby_events.errors import PasserbyError
from reid_runtime.adopt import adopt
from reid_runtime.card import ModelCard, card_path
from reid_runtime.family import Family
from reid_runtime.load import load_session

MAX_DIFFERENCE = 1e-3
"""Between the file's outputs and torch's, as a share of the largest number; single precision leaves about 1e-5."""


class ParityError(PasserbyError):
    """An exported file does not say what the network says."""


@dataclass(frozen=True, slots=True)
class Words:
    """What people should know of an artefact; see `ModelCard`.

    Attributes:
        name: of the network and its training.
        family: of the networks that serving reads.
        licence: of the weights.
        origin: how they came to be.
        notes: what they were trained on, and what they are not good for.
        threshold: encoders only.
    """

    name: str
    family: Family
    licence: str
    origin: str
    notes: str
    threshold: float | None = None


def export_onnx(
    network: nn.Module, example: Tensor, file: Path, words: Words, *, is_batch_free: bool = True
) -> tuple[ModelCard, float]:
    """Exports, checks parity on the example, and writes the card beside the file.

    Args:
        network: from one tensor to one tensor, in eval mode.
        example: (B, ...) input, B at least 2 where the batch is to stay free.
        file: with the suffix .onnx.
        words: for the card.
        is_batch_free: whether the file takes any batch.

    Returns:
        The card, and the largest difference from torch as a share of the largest number.

    Raises:
        ParityError: if that difference is too large; the file is removed.
    """
    program = torch.onnx.export(
        network.eval(),
        (example,),
        dynamo=True,
        dynamic_shapes=({0: torch.export.Dim.DYNAMIC},) if is_batch_free else None,
        input_names=["clips" if example.ndim == 5 else "images"],
        output_names=["embeddings" if example.ndim == 5 else "output"],
        verbose=False,
    )
    assert program is not None
    program.save(file)
    card = adopt(
        file,
        words.family,
        name=words.name,
        licence=words.licence,
        origin=words.origin,
        notes=words.notes,
        threshold=words.threshold,
    )
    difference = parity(network, example, file)
    if difference > MAX_DIFFERENCE:
        file.unlink()
        card_path(file).unlink()
        raise ParityError(f"{file.name} differs from torch by {difference:.1e}, {MAX_DIFFERENCE:.0e} allowed")
    return card, difference


def parity(network: nn.Module, example: Tensor, file: Path) -> float:
    """Largest difference between file and network, as a share of the largest number."""
    with torch.inference_mode():
        expected: NDArray[np.float32] = network(example).numpy()
    session = load_session(file, provider="cpu", threads=1)
    (found,) = session.run({session.card.inputs[0].name: example.numpy()}).values()
    return float(np.abs(found - expected).max() / max(1e-6, np.abs(expected).max()))
