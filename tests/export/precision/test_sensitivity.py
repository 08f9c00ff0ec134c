from collections.abc import Collection
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from export.precision.half import halvable, out_of_reach, to_half
from export.precision.sensitivity import Probe, fewest

ORDER = [f"node{number}" for number in range(20)]


@pytest.mark.parametrize("needed", [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 20])
def test_no_more_nodes_are_left_out_than_must_be(needed: int) -> None:
    asked: list[int] = []

    def is_good(excluded: Collection[str]) -> bool:
        asked.append(len(excluded))
        return len(excluded) >= needed

    assert fewest(ORDER, is_good) == ORDER[:needed]
    assert len(asked) == len(set(asked))
    assert len(asked) <= 10


def test_where_nothing_helps_nothing_is_found() -> None:
    assert fewest(ORDER, lambda _: False) is None
    assert fewest([], lambda _: True) is None


def test_what_leaves_the_range_of_half_precision_is_found(tmp_path: Path) -> None:
    """300 squared is more than float16 holds; neither may who moves it on, nor its reader."""
    model = squares()
    values = np.linspace(-1.0, 0.5, 8, dtype=np.float32)[None]
    largest = Probe(model, [{"values": values}], tmp_path, threads=1).largest(model)
    expected = {"larger": 300, "square": 90_000, "moved": 90_000, "shrunk": 90_000, "shifted": 91}
    assert largest == pytest.approx(expected, rel=1e-5)
    far = out_of_reach(halvable(model), largest)
    assert far == ["square", "moved", "shrunk"]
    half = to_half(model, excluded=far).model
    [square, moved, shrunk] = [node for node in half.graph.node if node.name in far]
    assert list(moved.input) == list(square.output)
    assert set(shrunk.input) == {moved.output[0], "share"}
    casts = [node for node in half.graph.node if node.op_type == "Cast"]
    assert not {*square.output, *moved.output} & {name for cast in casts for name in cast.input}


def squares() -> onnx.ModelProto:
    """values -> larger (x 300) -> square -> moved (as it is, being positive) -> shrunk (/ 1000) -> shifted (+ 1)."""
    constants = {"factor": 300.0, "share": 0.001, "one": 1.0}
    nodes = [
        helper.make_node("Mul", ["values", "factor"], ["larger"], name="larger"),
        helper.make_node("Mul", ["larger", "larger"], ["square"], name="square"),
        helper.make_node("Relu", ["square"], ["moved"], name="moved"),
        helper.make_node("Mul", ["moved", "share"], ["shrunk"], name="shrunk"),
        helper.make_node("Add", ["shrunk", "one"], ["shifted"], name="shifted"),
    ]
    graph = helper.make_graph(
        nodes,
        "squares",
        [helper.make_tensor_value_info("values", TensorProto.FLOAT, ["n", 8])],
        [helper.make_tensor_value_info("shifted", TensorProto.FLOAT, ["n", 8])],
        [numpy_helper.from_array(np.array([value], np.float32), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
