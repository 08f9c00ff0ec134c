"""What TensorRT-RTX alone has at run time: CUDA graphs that it records by itself, for every shape that comes."""

from types import ModuleType
from typing import Any


def rtx_context(trt: ModuleType, engine: Any) -> Any:
    """A context of an engine, for all shapes."""
    config = engine.create_runtime_config()
    config.cuda_graph_strategy = trt.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
    return engine.create_execution_context(config)
