"""ONNX graphs as they are read, made ready, and written whole or not at all."""

from collections.abc import Callable
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # comes with onnx

from export.target import take_places
from passerby_events.errors import PasserbyError
from reid_runtime.card import ArtefactError, ModelCard, artefact_sha256, write_card
from reid_runtime.onnx_session import LOAD_ERRORS, ONLY_ERRORS
from reid_runtime.quiet_onnxruntime import ort

LARGEST_BYTES = 2**31 - 1
"""That protobuf takes in one file."""


class PrecisionError(PasserbyError):
    """A network that cannot be had in the precision that was asked for; the message says in one line why."""


def read_prepared(path: Path, folder: Path) -> onnx.ModelProto:
    """A network with constants folded and batch norms inside their convolutions, every node with a name.

    ONNX Runtime's basic optimisations do that, in the operators of ONNX alone.

    Args:
        path: of the network.
        folder: for files that are needed meanwhile.

    Raises:
        ArtefactError: if the file is no network.
        PrecisionError: if there is no space.
    """
    simple = folder / "prepared.onnx"
    try:
        _optimise(path, simple)
        model = onnx.load(simple)
    except (*LOAD_ERRORS, DecodeError) as error:
        _refuse_other(path)
        raise PrecisionError(f"cannot write in {folder.parent}: is there space? {_first_line(error)}") from error
    _name_nodes(model)
    _drop_unused_domains(model)
    return model


def activations_multiplied(model: onnx.ModelProto) -> set[str]:
    """Names of the products of two things that both depend on the input: attention, cost volumes."""
    constants = {tensor.name for tensor in model.graph.initializer}
    return {
        node.name
        for node in model.graph.node
        if node.op_type in ("MatMul", "Gemm", "Einsum") and not constants.intersection(node.input[:2])
    }


def save(model: onnx.ModelProto, path: Path) -> Path:
    """Writes a network into one file.

    Raises:
        PrecisionError: if it is too large for one file.
        OSError: if it cannot be written.
    """
    if (size := model.ByteSize()) > LARGEST_BYTES:
        raise PrecisionError(f"{path.name}: expected at most {LARGEST_BYTES} bytes in a file, found {size}")
    path.write_bytes(model.SerializeToString())
    return path


def publish(made: Path, out: Path, card: Callable[[str], ModelCard]) -> ModelCard:
    """Puts a finished file in its place, with its card; neither is there before both are whole.

    Args:
        made: in a `folder_beside` of `out`.
        out: its place.
        card: from the fingerprint.
    """
    written = card(artefact_sha256(made))
    write_card(written, made)
    take_places(made, out)
    return written


def _optimise(path: Path, simple: Path) -> None:
    options = _options()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(simple)
    ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _refuse_other(path: Path) -> None:
    """Raises ArtefactError if a file is no network."""
    try:
        ort.InferenceSession(path, _options(), providers=["CPUExecutionProvider"])
    except LOAD_ERRORS as error:
        raise ArtefactError(f"{path}: expected an ONNX network, found: {_first_line(error)}") from error


def _options() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.log_severity_level = ONLY_ERRORS
    return options


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _name_nodes(model: onnx.ModelProto) -> None:
    """Gives each node a name of its own: what is left out is named. Where it stood in somebody's code is dropped."""
    seen: set[str] = set()
    for number, node in enumerate(model.graph.node):
        if not node.name or node.name in seen:
            node.name = f"{node.op_type}_{number}"
        seen.add(node.name)
        del node.metadata_props[:]


def _drop_unused_domains(model: onnx.ModelProto) -> None:
    """ONNX Runtime lists all that it knows; other parsers stumble over those."""
    used = {node.domain for node in model.graph.node}
    kept = [opset for opset in model.opset_import if opset.domain in used | {""}]
    del model.opset_import[:]
    model.opset_import.extend(kept)
