"""Chooses the backend of an artefact by its suffix and the provider; nothing is loaded without a card."""

from pathlib import Path
from typing import get_args

from reid_runtime.card import ENGINES, ArtefactError, ModelCard, read_card
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
    if path.suffix in ENGINES:
        return _open_engine(path, card, provider)
    _check_suffix(path)
    if provider == "tensorrt-rtx":
        engine = path.with_suffix(".engine").name
        raise ArtefactError(
            f"{path.name}: the provider {provider} runs engines alone: build one, "
            f"`reid-export engine {path.name} {engine} --for {provider}`"
        )
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


def _open_engine(path: Path, card: ModelCard, provider: Provider) -> Session:
    if card.engine is None:
        raise ArtefactError(f"{path.name}: its card is not of an engine: build it with `reid-export engine`")
    if provider != card.engine.runtime:
        raise ArtefactError(
            f"{path.name} is an engine of {card.engine.runtime}, asked for was the provider {provider}: "
            f"ask for provider {card.engine.runtime}, or take the network that it was built from, {card.engine.onnx}"
        )
    from reid_runtime.engine_session import EngineSession

    return EngineSession(path, card)


def own_provider(path: Path) -> Provider:
    """The provider that every machine has for a file of this kind, once its extra is installed."""
    return "openvino" if path.suffix == ".xml" else "cpu"


def providers_of(path: Path, card: ModelCard) -> tuple[Provider, ...]:
    """Those that run an artefact, on a machine that has them."""
    if card.engine is not None:
        return (card.engine.runtime,)
    return ("openvino",) if path.suffix == ".xml" else ("cpu", "openvino", "cuda", "tensorrt")


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
        if provider == "tensorrt-rtx":
            from reid_runtime import engine_session

            return engine_session.fault(provider)
        from reid_runtime import onnx_session

        return onnx_session.fault(provider)
    except ModuleNotFoundError as error:
        if missing := missing_extra(error):
            return missing
        raise


def _check_suffix(path: Path) -> None:
    if path.suffix in ENGINES:
        raise ArtefactError(f"{path.name}: an engine has the card that `reid-export engine` wrote: build it anew")
    if path.suffix not in (".onnx", ".xml"):
        raise ArtefactError(
            f"{path.name}: expected a network with the suffix .onnx, .xml or .engine, found {path.suffix or 'none'}"
        )
