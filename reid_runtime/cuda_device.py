"""The GPU, its memory and its stream, by cuda-python; torch is not needed for any of it."""

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
from cuda.bindings import runtime as cudart
from numpy.typing import NDArray

from reid_runtime.card import ArtefactError


@dataclass(frozen=True, slots=True)
class Gpu:
    """A card of NVIDIA's.

    Attributes:
        name: as NVIDIA sells it.
        capability: compute capability, such as `8.6`.
    """

    name: str
    capability: str


def first_gpu() -> Gpu:
    """The GPU that CUDA counts first.

    Raises:
        ArtefactError: if there is none, with what CUDA says.
    """
    error, count = cudart.cudaGetDeviceCount()
    if error != cudart.cudaError_t.cudaSuccess or not count:
        reason = "its driver counts none" if error == cudart.cudaError_t.cudaSuccess else _words(error)
        raise ArtefactError(f"there is no GPU of NVIDIA's here: {reason}")
    found = checked(cudart.cudaGetDeviceProperties(0))
    return Gpu(name=found.name.decode().strip("\0"), capability=f"{found.major}.{found.minor}")


def checked(result: tuple[Any, ...]) -> Any:
    """What a call of CUDA yields.

    Raises:
        ArtefactError: if it failed.
    """
    error, *values = result
    if error != cudart.cudaError_t.cudaSuccess:
        raise ArtefactError(f"CUDA failed: {_words(error)}")
    return values[0] if values else None


def _words(error: Any) -> str:
    return str(cudart.cudaGetErrorString(error)[1].decode())


class Stream:
    """An order of work on the GPU that waits for nobody else's."""

    def __init__(self) -> None:
        self._stream = checked(cudart.cudaStreamCreateWithFlags(cudart.cudaStreamNonBlocking))
        self.handle = int(self._stream)

    def wait(self) -> None:
        """Returns when all is done."""
        checked(cudart.cudaStreamSynchronize(self._stream))

    def record(self) -> None:
        """From here on work is noted down and not done, until `recorded`."""
        mode = cudart.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        checked(cudart.cudaStreamBeginCapture(self._stream, mode))

    def recorded(self) -> Any:
        """What was noted down, ready to be done again and again at the cost of one call."""
        graph = checked(cudart.cudaStreamEndCapture(self._stream))
        try:
            return checked(cudart.cudaGraphInstantiate(graph, 0))
        finally:
            checked(cudart.cudaGraphDestroy(graph))

    def replay(self, recorded: Any) -> None:
        """Begins what was recorded."""
        checked(cudart.cudaGraphLaunch(recorded, self._stream))

    def forget(self, recorded: Any) -> None:
        """Frees what was recorded."""
        checked(cudart.cudaGraphExecDestroy(recorded))

    def to_gpu(self, buffer: "Buffer", count: int) -> None:
        """Begins to copy the first `count` bytes."""
        kind = cudart.cudaMemcpyKind.cudaMemcpyHostToDevice
        checked(cudart.cudaMemcpyAsync(buffer.device, buffer.host, count, kind, self._stream))

    def from_gpu(self, buffer: "Buffer", count: int) -> None:
        """Begins to copy the first `count` bytes."""
        kind = cudart.cudaMemcpyKind.cudaMemcpyDeviceToHost
        checked(cudart.cudaMemcpyAsync(buffer.host, buffer.device, count, kind, self._stream))

    def close(self) -> None:
        """Frees it."""
        checked(cudart.cudaStreamDestroy(self._stream))


class Buffer:
    """Memory of one tensor on the GPU, and as much on the host that the GPU reads and writes without a detour."""

    def __init__(self, most_bytes: int) -> None:
        self.device = int(checked(cudart.cudaMalloc(max(1, most_bytes))))
        self.host = int(checked(cudart.cudaHostAlloc(max(1, most_bytes), cudart.cudaHostAllocDefault)))
        self._bytes = np.ctypeslib.as_array((ctypes.c_uint8 * max(1, most_bytes)).from_address(self.host))

    def view(self, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
        """The host's memory as an array that begins where it begins."""
        count = int(np.prod(shape)) * np.dtype(dtype).itemsize
        found: NDArray[Any] = self._bytes[:count].view(dtype).reshape(shape)
        return found

    def close(self) -> None:
        """Frees both."""
        checked(cudart.cudaFree(self.device))
        checked(cudart.cudaFreeHost(self.host))
