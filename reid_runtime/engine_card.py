"""What stands in the card of an engine beside all that stands in the card of the network that it was built from."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

EngineRuntime = Literal["tensorrt", "tensorrt-rtx"]
"""NVIDIA's libraries that build and run engines."""
Hardware = Literal["none", "same-compute-capability", "ampere-plus"]
"""Which GPUs beside the one that it was built on may run an engine of TensorRT."""


class ShapeRange(BaseModel):
    """The sizes that an engine takes of one input.

    Attributes:
        name: of the input.
        least: one number per axis.
        usual: for which it was made fast.
        most: one number per axis.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    least: tuple[int, ...]
    usual: tuple[int, ...]
    most: tuple[int, ...]


class EngineCard(BaseModel):
    """Where an engine runs, and how it came to be.

    Attributes:
        runtime: that built it, and that runs it.
        version: of the runtime; another one takes only an engine that is `version_compatible`.
        targets: compute capabilities that it was built for, such as `8.6`.
        gpu: that it was built on; None: on none, as TensorRT-RTX does.
        hardware: see `Hardware`.
        version_compatible: whether later versions of the same major number run it.
        shapes: of every input.
        workspace_mib: memory that its layers may take; None: no limit was set.
        onnx: name of the file that it was built from.
        onnx_sha256: fingerprint of that file.
        command: that builds it again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    runtime: EngineRuntime
    version: str
    targets: tuple[str, ...]
    gpu: str | None
    hardware: Hardware = "none"
    version_compatible: bool = False
    shapes: tuple[ShapeRange, ...]
    workspace_mib: int | None = None
    onnx: str
    onnx_sha256: str
    command: str
