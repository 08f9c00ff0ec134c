from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from export.precision.quantise import Feed, Ranges, measure_ranges, quantisable, quantised

SIZE = 4


@pytest.fixture
def ranges(tmp_path: Path) -> Ranges:
    feed: Feed = {"values": np.linspace(-1.0, 1.0, SIZE * SIZE, dtype=np.float32).reshape(SIZE, SIZE)}
    return measure_ranges(attention(), [feed], "minmax", tmp_path)


def test_products_of_two_activations_stay_in_single_precision(ranges: Ranges) -> None:
    """Neither measured nor left out by name, they would cost what no search for the dearest nodes finds."""
    assert quantisable(attention()) == ["query", "weighed"]
    assert in_8_bits(quantised(attention(), ranges)) == {"query", "weighed"}


def test_what_is_left_out_stays_and_of_what_is_named_nothing_else_changes(ranges: Ranges) -> None:
    assert in_8_bits(quantised(attention(), ranges, excluded=["query"])) == {"weighed"}
    assert in_8_bits(quantised(attention(), ranges, only=["query"])) == {"query"}
    assert in_8_bits(quantised(attention(), ranges, only=["scores", "kept"])) == set()
    assert in_8_bits(quantised(attention(), ranges, only=[])) == set()


def in_8_bits(model: onnx.ModelProto) -> set[str]:
    """Names of the nodes all of whose inputs come out of 8 bits, and whose output goes into them."""
    back = {name for node in model.graph.node if node.op_type == "DequantizeLinear" for name in node.output}
    forth = {node.input[0] for node in model.graph.node if node.op_type == "QuantizeLinear"}
    return {node.name for node in model.graph.node if back.issuperset(node.input) and forth.intersection(node.output)}


def attention() -> onnx.ModelProto:
    """values -> query (x weights) -> scores (query x query) -> kept (+ 1e-6) -> weighed (kept x weights)."""
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(size=(SIZE, SIZE)).astype(np.float32) for name in ("of_query", "of_weighed")}
    nodes = [
        helper.make_node("MatMul", ["values", "of_query"], ["queries"], name="query"),
        helper.make_node("MatMul", ["queries", "queries"], ["products"], name="scores"),
        helper.make_node("Add", ["products", "little"], ["larger"], name="kept"),
        helper.make_node("MatMul", ["larger", "of_weighed"], ["weighed"], name="weighed"),
    ]
    graph = helper.make_graph(
        nodes,
        "attention",
        [helper.make_tensor_value_info("values", TensorProto.FLOAT, [SIZE, SIZE])],
        [helper.make_tensor_value_info("weighed", TensorProto.FLOAT, [SIZE, SIZE])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()]
        + [numpy_helper.from_array(np.array([1e-6], np.float32), "little")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
