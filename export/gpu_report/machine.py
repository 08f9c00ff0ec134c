"""What a machine is: its GPU, and the versions of all that runs networks there."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from reid_runtime.cuda_device import Gpu, first_gpu

PACKAGES = (
    "passerby",
    "torch",
    "onnxruntime-gpu",
    "onnxruntime",
    "tensorrt",
    "tensorrt-rtx-cu12-libs",
    "cuda-bindings",
    "openvino",
    "numpy",
)


@dataclass(frozen=True, slots=True)
class Machine:
    """
    Attributes:
        gpu: the one that is measured.
        processor: as the system names it.
        cores: that may be used.
        packages: version of each that is installed.
    """

    gpu: Gpu
    processor: str
    cores: int
    packages: dict[str, str]


def this_machine() -> Machine:
    """
    Raises:
        ArtefactError: if there is no GPU.
    """
    return Machine(
        gpu=first_gpu(),
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        packages={name: found for name in PACKAGES if (found := _version(name)) is not None},
    )


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
