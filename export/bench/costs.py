"""What a graph has to compute and to move for one batch, counted; and what this machine can, measured."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from export.precision.graphs import read_prepared
from reid_runtime.onnx_session import ONLY_ERRORS
from reid_runtime.quiet_onnxruntime import ort

GEMM_SIDE = 1024
COPY_BYTES = 128 * 2**20
ROUNDS = 5
PAIRS = ("QuantizeLinear", "DequantizeLinear")


@dataclass(frozen=True, slots=True)
class Costs:
    """
    Attributes:
        flop: a multiplication and an addition are two; of convolutions and products of matrices alone, as torch counts.
        moved_bytes: constants read once, and what goes from node to node written once and read once; pairs of Q and DQ
            around a node are taken for one with it.
    """

    flop: float
    moved_bytes: float

    @property
    def intensity(self) -> float:
        """FLOP a byte."""
        return self.flop / self.moved_bytes


@dataclass(frozen=True, slots=True)
class Peak:
    """What one thread, or some, of this machine reach in the very run.

    Attributes:
        flop_per_s: a product of two matrices of 1024 x 1024 by ONNX Runtime, float32.
        int8_per_s: the same of uint8 and int8.
        bytes_per_s: read and written by a copy of memory.
    """

    flop_per_s: float
    int8_per_s: float
    bytes_per_s: float

    def least_s(self, costs: Costs, precision: str) -> float:
        """The time that nothing of these costs can take less than, by the roofline."""
        compute = self.int8_per_s if precision == "int8" else self.flop_per_s
        return max(costs.flop / compute, costs.moved_bytes / self.bytes_per_s)


def count_costs(file: Path, shape: tuple[int, ...], folder: Path) -> Costs:
    """Of one pass of an ONNX file.

    Args:
        file: the network.
        shape: of its first input.
        folder: for files that are needed meanwhile.

    Raises:
        ArtefactError: if it cannot take such a shape.
    """
    model = onnx.load(file)
    for number, given in enumerate(model.graph.input):
        axes = given.type.tensor_type.shape.dim
        for axis, size in zip(axes, shape, strict=False):
            if number == 0 or not axis.HasField("dim_value"):
                axis.dim_value = size
    del model.graph.value_info[:]
    fixed = folder / "fixed.onnx"
    onnx.save(model, fixed)
    # With every shape known, what computes shapes is folded away.
    return _count(onnx.shape_inference.infer_shapes(read_prepared(fixed, folder), data_prop=True))


def measure_peak(*, threads: int) -> Peak:
    """The best of some rounds."""
    rng = np.random.default_rng(0)
    a, b = (rng.random((GEMM_SIDE, GEMM_SIDE), np.float32) for _ in range(2))
    flop = 2 * GEMM_SIDE**3
    source = np.zeros(COPY_BYTES, np.uint8)
    target = np.zeros_like(source)
    # A copy reads and writes.
    copied = 2 * COPY_BYTES / _best_s(lambda: np.copyto(target, source))
    whole = _product("MatMul", a, b, threads)
    small = _product("MatMulInteger", (a * 255).astype(np.uint8), (b * 127).astype(np.int8), threads)
    return Peak(flop / _best_s(whole), flop / _best_s(small), copied)


def _product(operator: str, a: NDArray[np.generic], b: NDArray[np.generic], threads: int) -> Callable[[], object]:
    types = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.uint8): TensorProto.UINT8}
    result = TensorProto.FLOAT if operator == "MatMul" else TensorProto.INT32
    shape = [GEMM_SIDE, GEMM_SIDE]
    graph = helper.make_graph(
        [helper.make_node(operator, ["a", "b"], ["c"])],
        "product",
        [helper.make_tensor_value_info("a", types[a.dtype], shape)],
        [helper.make_tensor_value_info("c", result, shape)],
        [numpy_helper.from_array(b, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    options = ort.SessionOptions()
    options.log_severity_level = ONLY_ERRORS
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"a": a})


def _best_s(work: Callable[[], object]) -> float:
    best = math.inf
    for _ in range(ROUNDS):
        start_s = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start_s)
    return best


def _count(model: onnx.ModelProto) -> Costs:
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    shapes = {name: tuple(tensor.dims) for name, tensor in constants.items()}
    sizes: dict[str, int] = {}
    for value in (*graph.value_info, *graph.input, *graph.output):
        tensor = value.type.tensor_type
        shapes[value.name] = tuple(axis.dim_value for axis in tensor.shape.dim)
        sizes[value.name] = math.prod(shapes[value.name]) * _item_bytes(tensor.elem_type)
    inside = _inside_pairs(graph)
    flop = float(sum(_flop(node, shapes) for node in graph.node))
    moved = 2 * sum(sizes.get(name, 0) for node in graph.node for name in node.output if name not in inside)
    weights = sum(math.prod(tensor.dims) * _item_bytes(tensor.data_type) for tensor in constants.values())
    return Costs(flop, float(moved + weights))


def _inside_pairs(graph: onnx.GraphProto) -> set[str]:
    """Tensors that are never written where a runtime takes Q and DQ into the nodes beside them."""
    readers: dict[str, list[str]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node.op_type)
    before_q = {name for name, kinds in readers.items() if kinds and set(kinds) == {"QuantizeLinear"}}
    return before_q | {name for node in graph.node if node.op_type == "DequantizeLinear" for name in node.output}


def _flop(node: onnx.NodeProto, shapes: dict[str, tuple[int, ...]]) -> int:
    out = math.prod(shapes.get(node.output[0], (0,)))
    match node.op_type:
        case "Conv":
            # (out channels, in channels of the group, kernel)
            return 2 * out * math.prod(shapes.get(node.input[1], (0, 0))[1:])
        case "MatMul":
            return 2 * out * shapes.get(node.input[0], (0,))[-1]
        case "Gemm":
            is_transposed = any(each.name == "transA" and each.i for each in node.attribute)
            return 2 * out * shapes.get(node.input[0], (0, 0))[0 if is_transposed else -1]
    return 0


def _item_bytes(kind: int) -> int:
    try:
        return int(np.dtype(helper.tensor_dtype_to_np_dtype(kind)).itemsize)
    except (KeyError, TypeError):
        return 0
