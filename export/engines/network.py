"""Reads an ONNX file into the builder of TensorRT or TensorRT-RTX, and says what the parser refuses."""

from pathlib import Path
from types import ModuleType
from typing import Any

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from export.engines.errors import EngineError
from reid_runtime.tensorrt_library import reason

NUMBERS = "_as_numbers"
FAILED_CHECK = "false"
"""What the parsers say of an operator that they know and do not have."""
SHOWN = 3
"""Errors in one line; what follows mostly comes of the first."""


def read_network(trt: ModuleType, builder: Any, file: Path, log: Any, lines: list[str]) -> Any:
    """The network of a file, in the precision that the file says.

    Args:
        trt: module of the library.
        builder: of it.
        file: the ONNX file.
        log: of the library.
        lines: what the log heard.

    Raises:
        EngineError: if the parser refuses it; in one line, with the operators that it stumbled over.
    """
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, log)
    if not parser.parse(_bytes_as_numbers(file), str(file)):
        found = [parser.get_error(index) for index in range(parser.num_errors)]
        raise EngineError(f"{file.name}: {_refusals(found) or reason(lines)}")
    return network


def _refusals(errors: list[Any]) -> str:
    refused = [_refusal(error) for error in errors[:SHOWN]]
    more = f"; and {len(errors) - SHOWN} more" if len(errors) > SHOWN else ""
    return "; ".join(dict.fromkeys(refused)) + more


def _refusal(error: Any) -> str:
    """Operator, node and what is wrong with it."""
    where = f"{error.node_operator()} {error.node_name()}".strip() or "the file"
    reported = reason([error.desc()])
    return f"the parser refuses {where}: {'it has no such operator' if reported == FAILED_CHECK else reported}"


def _bytes_as_numbers(file: Path) -> bytes:
    """The file with a cast behind each input of bytes: the parsers take them, and do nothing else with bytes."""
    try:
        model = onnx.load(file)
    except (DecodeError, OSError) as error:
        raise EngineError(f"{file.name}: expected an ONNX file, found: {' '.join(str(error).split())}") from error
    graph = model.graph
    casts = {
        given.name: onnx.helper.make_node("Cast", [given.name], [given.name + NUMBERS], to=onnx.TensorProto.FLOAT)
        for given in graph.input
        if given.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    }
    if casts:
        for node in graph.node:
            node.input[:] = [name + NUMBERS if name in casts else name for name in node.input]
        nodes = [*casts.values(), *graph.node]
        del graph.node[:]
        graph.node.extend(nodes)
        del graph.value_info[:]  # of what follows the types are others now
    return bytes(model.SerializeToString())
