"""ONNX Runtime, kept from reporting to its maker: a machine that sees people tells nobody about it.

From 1.29 on its packages for Linux report each start and each network that is loaded, names of files among it, unless a
variable of the environment forbids it before the library is loaded. So all of it is imported through here, or after
this module.
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

ort.disable_telemetry_events()

__all__ = ["ort", "ort_errors"]
