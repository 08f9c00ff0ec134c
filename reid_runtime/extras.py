"""Libraries that not everybody needs: which extra of the installation brings them, as the package itself says."""

import re
from importlib.metadata import PackageNotFoundError, requires

PACKAGE = "passerby"
_OPTIONAL = re.compile(r"(?P<name>[\w.-]+).*\bextra == [\"'](?P<extra>[\w-]+)[\"']")
_MODULES = {
    "cuda_bindings": "cuda",
    "cuda_python": "cuda",
    "onnxruntime_gpu": "onnxruntime",
    "paho_mqtt": "paho",
    "tensorrt_rtx_cu12_bindings": "tensorrt_rtx_bindings",
    "tensorrt_rtx_cu12_libs": "tensorrt_rtx_libs",
}
"""What is imported by another name than it is installed by."""


def extras() -> dict[str, tuple[str, ...]]:
    """The packages that each extra brings, by the name of the extra, without those of another extra that it wants.

    Nothing where Passerby is not installed.
    """
    try:
        found = [_OPTIONAL.match(requirement) for requirement in requires(PACKAGE) or ()]
    except PackageNotFoundError:
        return {}
    optional = [(match["extra"], match["name"]) for match in found if match]
    return {extra: tuple(name for of, name in optional if of == extra and name != PACKAGE) for extra, _ in optional}


def module_of(package: str) -> str:
    """The name by which a package is imported."""
    name = package.replace("-", "_")
    return _MODULES.get(name, name)


def extra_of(module: str) -> str | None:
    """The first extra that brings a module; None where none does."""
    return next((extra for extra, names in extras().items() if module in map(module_of, names)), None)


def missing_extra(error: ModuleNotFoundError) -> str | None:
    """What to install, in one line; None where no extra brings what is missing."""
    extra = extra_of((error.name or "").partition(".")[0])
    return f"{error.name} is not installed: install {PACKAGE} with the extra `{extra}`" if extra else None
