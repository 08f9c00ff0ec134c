"""Chooses the backend of an artefact by its suffix and the provider; nothing is loaded without a card."""

from pathlib import Path
from typing import get_args

from reid_runtime.card import ArtefactError, ModelCard, read_card
from reid_runtime.extras import missing_extra
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
    if provider == "openvino":
        from reid_runtime.openvino_session import OpenVinoSession

        return OpenVinoSession(path, card, threads=threads)
    if own_provider(path) != "cpu":
        raise ArtefactError(
            f"{path.name}: expected a network with the suffix .onnx for the provider {provider}, found Intel's IR: "
            "ask for provider openvino"
        )
    from reid_runtime.onnx_session import OnnxSession

    return OnnxSession(path, card, provider=provider, threads=threads)


def own_provider(path: Path) -> Provider:
    """The provider that every machine has for a file of this kind, once its extra is installed."""
    return "openvino" if path.suffix == ".xml" else "cpu"


def describe(path: Path) -> Signature:
    """The inputs and outputs of an artefact, without a card.

    Raises:
        ArtefactError: if no backend takes the file.
    """
    _check_suffix(path)
    if own_provider(path) == "openvino":
        from reid_runtime import openvino_session

        return openvino_session.describe(path)
    from reid_runtime import onnx_session

    return onnx_session.describe(path)


def working_providers() -> dict[Provider, str | None]:
    """Every provider that can be asked for, and what keeps it from working; None if it works."""
    return {provider: _fault(provider) for provider in get_args(Provider)}


def _fault(provider: Provider) -> str | None:
    try:
        if provider == "openvino":
            from reid_runtime import openvino_session

            return openvino_session.fault()
        from reid_runtime import onnx_session

        return onnx_session.fault(provider)
    except ModuleNotFoundError as error:
        if missing := missing_extra(error):
            return missing
        raise


def _check_suffix(path: Path) -> None:
    if path.suffix in (".engine", ".plan"):
        raise ArtefactError(
            f"{path.name}: TensorRT engines are not read yet: take the .onnx file, and provider tensorrt"
        )
    if path.suffix not in (".onnx", ".xml"):
        raise ArtefactError(
            f"{path.name}: expected a network with the suffix .onnx or .xml, found {path.suffix or 'none'}"
        )
