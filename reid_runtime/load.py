"""Chooses the backend of an artefact by its suffix; nothing is loaded without a card."""

from pathlib import Path

from reid_runtime.card import ArtefactError, ModelCard, read_card
from reid_runtime.session import Provider, Session
from reid_runtime.signature import Signature


def load_session(path: Path, *, provider: Provider, threads: int) -> Session:
    """The network of an artefact, checked against the card beside it.

    Args:
        path: the artefact.
        provider: where it must run; it never falls back to another.
        threads: within one pass, on the processor.

    Raises:
        ArtefactError: if the artefact, its card or the provider is not what it should be.
    """
    return open_session(path, read_card(path), provider=provider, threads=threads)


def open_session(path: Path, card: ModelCard, *, provider: Provider, threads: int) -> Session:
    """As `load_session`, with the card in hand."""
    _check_suffix(path)
    from reid_runtime.onnx_session import OnnxSession

    return OnnxSession(path, card, provider=provider, threads=threads)


def describe(path: Path) -> Signature:
    """The inputs and outputs of an artefact, without a card.

    Raises:
        ArtefactError: if no backend takes the file.
    """
    _check_suffix(path)
    from reid_runtime import onnx_session

    return onnx_session.describe(path)


def _check_suffix(path: Path) -> None:
    if path.suffix in (".engine", ".plan"):
        raise ArtefactError(
            f"{path.name}: TensorRT engines are not read yet: take the .onnx file, and provider tensorrt"
        )
    if path.suffix != ".onnx":
        raise ArtefactError(f"{path.name}: expected a network with the suffix .onnx, found {path.suffix or 'none'}")
