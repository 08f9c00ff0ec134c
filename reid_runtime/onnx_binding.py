"""Passes of ONNX Runtime on a device of its own: inputs go into memory there that stays from pass to pass."""

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_runtime.quiet_onnxruntime import ort
from reid_runtime.session import Arrays


class BoundPasses:
    """Passes of one session; as many at once as there are threads, each with memory of its own."""

    def __init__(self, session: ort.InferenceSession, outputs: Sequence[str], *, device: str) -> None:
        """Takes a session and the device where its networks run, such as `cuda`."""
        self._session, self._outputs, self._device = session, outputs, device
        self._idle: deque[_Binding] = deque()

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        """One forward pass; see `Session.run`."""
        try:
            binding = self._idle.pop()
        except IndexError:
            binding = _Binding(self._session, self._outputs, self._device)
        try:
            return binding.run(inputs)
        finally:
            self._idle.append(binding)


class _Binding:
    def __init__(self, session: ort.InferenceSession, outputs: Sequence[str], device: str) -> None:
        self._session, self._outputs, self._device = session, outputs, device
        self._binding = session.io_binding()
        self._values: dict[str, ort.OrtValue] = {}

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        for name, array in inputs.items():
            self._put(name, np.ascontiguousarray(array))
        for name in self._outputs:
            self._binding.bind_output(name, self._device)  # anew: its size may be another one now
        self._session.run_with_iobinding(self._binding)
        return dict(zip(self._outputs, self._binding.copy_outputs_to_cpu(), strict=True))

    def _put(self, name: str, array: NDArray[Any]) -> None:
        value = self._values.get(name)
        if value is None or tuple(value.shape()) != array.shape:
            value = ort.OrtValue.ortvalue_from_shape_and_type(array.shape, array.dtype.type, self._device, 0)
            self._values[name] = value
            self._binding.bind_ortvalue_input(name, value)
        value.update_inplace(array)
