import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from export.precision.half import to_half


def test_norms_stay_in_single_precision_and_what_has_weights_does_not() -> None:
    model = onnx.shape_inference.infer_shapes(to_half(normed()).model)
    types = {value.name: value.type.tensor_type.elem_type for value in model.graph.value_info}
    by_name = {node.name: types.get(node.output[0]) for node in model.graph.node}
    assert by_name["maps"] == TensorProto.FLOAT16
    assert by_name["norm"] == TensorProto.FLOAT


def normed() -> onnx.ModelProto:
    """images -> maps (3x3 convolution) -> norm (of each instance) -> again (3x3 convolution)."""
    rng = np.random.default_rng(0)
    weights = {name: rng.normal(size=(2, 2, 3, 3)).astype(np.float32) for name in ("first", "second")}
    constants = {**weights, "scale": np.ones(2, np.float32), "shift": np.zeros(2, np.float32)}
    nodes = [
        helper.make_node("Conv", ["images", "first"], ["maps"], name="maps"),
        helper.make_node("InstanceNormalization", ["maps", "scale", "shift"], ["norm"], name="norm"),
        helper.make_node("Conv", ["norm", "second"], ["again"], name="again"),
    ]
    graph = helper.make_graph(
        nodes,
        "normed",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 2, 9, 9])],
        [helper.make_tensor_value_info("again", TensorProto.FLOAT, [1, 2, 5, 5])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
