"""A network in half precision: weights and products in float16, what float16 is too coarse for in float32.

By `onnxruntime.transformers.float16`: of the converters that are kept, it alone comes with the runtime that is here
anyway, takes a list of nodes to leave, and knows which inputs an operator has in float32 always. That of
onnxconverter-common is its ancestor, and ModelOpt's wants a GPU's libraries.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import reid_runtime.quiet_onnxruntime  # noqa: F401  # before any module of the library

# isort: split
import onnx
from onnx import TensorProto
from onnxruntime.quantization.onnx_model import ONNXModel
from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

from export.precision.graphs import activations_multiplied

NORMS = (
    "BatchNormalization",
    "InstanceNormalization",
    "LayerNormalization",
    "GroupNormalization",
    "RMSNormalization",
    "LpNormalization",
    "MeanVarianceNormalization",
)
SUMS = (
    *("ReduceMean", "ReduceSum", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp", "ReduceProd"),
    *("Softmax", "LogSoftmax", "CumSum", "GlobalAveragePool", "AveragePool"),
)
STEEP = ("Exp", "Log", "Pow", "Sqrt", "Reciprocal", "Range")
"""What leaves float16's range, or its resolution, within a step."""
MOVES = (
    *("Reshape", "Transpose", "Concat", "Split", "Slice", "Squeeze", "Unsqueeze", "Flatten", "Expand", "Identity"),
    *("Gather", "Shape", "Constant", "ConstantOfShape", "Cast", "Pad", "Tile", "Where"),
    *("Relu", "Clip", "LeakyRelu", "MaxPool", "GlobalMaxPool", "ReduceMax", "ReduceMin"),
)
"""Nothing becomes coarser in these."""
REACH = 65504 / 4
"""Of magnitudes on samples: float16 ends at four times that, and other clips may have larger ones."""
_COARSE = {*NORMS, *SUMS, *STEEP, *DEFAULT_OP_BLOCK_LIST}


@dataclass(frozen=True, slots=True, eq=False)
class Half:
    """
    Attributes:
        model: inputs and outputs as they were.
        kept: names of the nodes that stay in float32.
    """

    model: onnx.ModelProto
    kept: tuple[str, ...]


def to_half(model: onnx.ModelProto, *, excluded: Collection[str] = (), only: Collection[str] | None = None) -> Half:
    """The network in half precision; the one that is given is not changed.

    Args:
        model: in single precision, every node with a name.
        excluded: names of nodes that stay as they are, beside those that always do.
        only: names of the nodes that do not; None: all that can.
    """
    names = halvable(model)
    halved = {*(names if only is None else only)}.difference(excluded)
    kept = [node.name for node in model.graph.node if node.name not in halved]
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    half = convert_float_to_float16(copy, keep_io_types=True, op_block_list=sorted(_COARSE), node_block_list=kept)
    _mend_casts(half)
    ONNXModel(half).topological_sort()
    return Half(half, tuple(kept))


def halvable(model: onnx.ModelProto) -> list[str]:
    """Names of the nodes that can run in half precision, in the order of the graph."""
    products = activations_multiplied(model)
    return [node.name for node in model.graph.node if node.op_type not in _COARSE and node.name not in products]


def calculating(model: onnx.ModelProto, names: Collection[str]) -> list[str]:
    """Those of the nodes that make new numbers, rather than pick or move them, and may make them too coarsely."""
    return [node.name for node in model.graph.node if node.name in names and node.op_type not in MOVES]


def out_of_reach(names: Collection[str], largest: Mapping[str, float]) -> list[str]:
    """Those of the nodes that come too near the end of float16; who only moves a number must hold it as well.

    Args:
        names: of nodes.
        largest: magnitude among the numbers that a node reads and writes, by its name.
    """
    return [name for name in names if not largest[name] < REACH]


def _mend_casts(model: onnx.ModelProto) -> None:
    """Puts right what the converter leaves: a cast for each reader of a tensor, all of one name; and casts to float16
    and back between two nodes in float32, which cost time and digits."""
    graph = model.graph
    nodes = list({node.output[0] if node.output else node.name: node for node in graph.node}.values())
    halved = {node.output[0]: node.input[0] for node in nodes if _casts(node, TensorProto.FLOAT16)}
    whole = {
        node.output[0]: halved[node.input[0]]
        for node in nodes
        if _casts(node, TensorProto.FLOAT) and node.input[0] in halved
    }
    for node in nodes:
        for place, name in enumerate(node.input):
            node.input[place] = whole.get(name, name)
    outputs = {output.name for output in graph.output}
    idle = whole.keys() - outputs
    read = {name for node in nodes if node.output[0] not in idle for name in node.input} | outputs
    kept = [node for node in nodes if node.op_type != "Cast" or node.output[0] in read]
    del graph.node[:]
    graph.node.extend(kept)
    del graph.value_info[:]  # Types of what is no more.


def _casts(node: onnx.NodeProto, to: int) -> bool:
    return (
        node.op_type == "Cast" and _is_ours(node) and any(each.name == "to" and each.i == to for each in node.attribute)
    )


def _is_ours(node: onnx.NodeProto) -> bool:
    """Whether the converter put it there."""
    return node.name.endswith(("_cast_to_fp32_node", "_cast_to_fp16_node"))
