"""NVIDIA's two libraries for engines, TensorRT and TensorRT-RTX, which share one interface: loading them, and what they
say when something is wrong."""

import ctypes
import importlib.util
import re
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from reid_runtime.engine_card import EngineRuntime

RTX_LIBRARIES = "libtensorrt_rtx.so.1", "libtensorrt_onnxparser_rtx.so.1"
"""Of the wheel; the second needs the first, and the bindings need both where the loader sees them."""
NO_DRIVER = re.compile(r"catchCudaError|cudaError 35")
"""What the builder of TensorRT-RTX says beside every error where there is no driver, which it needs for nothing."""
PLACES = re.compile(r"In \w+ at /_src/[^\s)]*\s*")
CODES = re.compile(r"^.*?Error Code \d+: [\w ]+ \((.*?)\)?$")
REASONLESS = re.compile(r"^(Invalid Node|\[\d+\]|---|While parsing|Node name|ERROR: )")


def load_library(runtime: EngineRuntime) -> ModuleType:
    """The module of TensorRT or of TensorRT-RTX.

    Raises:
        ModuleNotFoundError: if it is not installed.
    """
    if runtime == "tensorrt":
        return import_module("tensorrt")
    _load_rtx_libraries()
    return import_module("tensorrt_rtx_bindings")


def _load_rtx_libraries() -> None:
    """The bindings look for them where the system keeps libraries, and pip puts them elsewhere."""
    found = importlib.util.find_spec("tensorrt_rtx_libs")
    for folder in (found.submodule_search_locations if found else None) or ():
        for name in RTX_LIBRARIES:
            ctypes.CDLL(str(Path(folder, name)), mode=ctypes.RTLD_GLOBAL)


def collecting_log(trt: ModuleType, lines: list[str]) -> Any:
    """A log that puts errors into a list and prints nothing."""

    class Log(trt.ILogger):  # type: ignore[name-defined, misc]
        """The library calls it from threads of its own."""

        def __init__(self) -> None:
            trt.ILogger.__init__(self)

        def log(self, severity: Any, message: str) -> None:
            if severity <= trt.ILogger.Severity.ERROR:
                lines.append(message)

    return Log()


def reason(lines: list[str]) -> str:
    """What is wrong, in one line, of all that a library said.

    Args:
        lines: its errors, in their order.
    """
    single = [line for message in lines for line in message.splitlines()]
    clean = [_clean(line) for line in single if not NO_DRIVER.search(line)]
    reasons = [line for line in clean if line and not REASONLESS.match(line)]
    return reasons[0] if reasons else _clean(single[0]) if single else "it says no reason"


def _clean(line: str) -> str:
    line = PLACES.sub("", line).strip()
    found = CODES.match(line)
    words = " ".join((found[1] if found else line).split())
    return words.removesuffix(" )")
