"""`reid-pipeline doctor`: what is really here, and what would mend what is not."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from rich.console import Console
from rich.table import Table

from pipeline.model_zoo import is_at_hand, known_models
from reid_runtime.extras import extras

PACKAGES = ("passerby", "numpy", "opencv-python", "av", "scipy", "pydantic", "redis", "kafka-python")
PURPOSES = {
    "gpu": "networks on a card of NVIDIA's, in the place of `cpu`",
    "rtx": "engines of TensorRT-RTX, under NVIDIA's licence",
    "openvino": "networks on Intel's processors and their like, in Intel's own files too",
    "yolo": "detectors of Ultralytics, under AGPL-3.0",
    "evaluate": "`reid-pipeline evaluate`, and the score of `demo`",
    "calibrate": "`reid-pipeline calibrate`",
    "mqtt": "events to a broker of MQTT",
    "webhook": "events to a webhook",
    "simulation": "`reid-pipeline simulate` and `demo`",
    "view": "`reid-pipeline serve` and `run --view`",
    "train": "`reid-train` and `reid-export`",
}
"""What each extra is for, of those that not everybody needs."""
GOOD, BAD, NOTE = "ok", "WRONG", "note"


def examine() -> int:
    """Prints a line for each thing; exit code 1 if something must be mended before anything runs."""
    rows = [("python", GOOD, platform.python_version()), *_packages(), *_onnx_runtime(), *_extras(), *_models()]
    table = Table("what", "", "found")
    for what, verdict, found in rows:
        table.add_row(what, verdict, found)
    Console(highlight=False).print(table)
    return int(any(verdict == BAD for _, verdict, _ in rows))


def _packages() -> Iterator[tuple[str, str, str]]:
    for package in PACKAGES:
        found = _version(package)
        if found is None:
            yield package, BAD, "missing: install passerby again"
        else:
            yield package, GOOD, found


def _onnx_runtime() -> Iterator[tuple[str, str, str]]:
    cpu, gpu = _version("onnxruntime"), _version("onnxruntime-gpu")
    if cpu and gpu:
        yield "onnxruntime", BAD, "both wheels are here and spoil each other: uninstall both, then install one extra"
    elif not cpu and not gpu:
        yield "onnxruntime", BAD, "missing: install the extra `cpu` or `gpu`"
    else:
        yield "onnxruntime", GOOD, f"{cpu or gpu} ({'CPU' if cpu else 'GPU'} wheel)"
        yield from _providers()


def _providers() -> Iterator[tuple[str, str, str]]:
    """Each provider is tried with a network of one node: what a list says and what works are two things."""
    from reid_runtime.load import working_providers

    for provider, fault in working_providers().items():
        yield f"provider {provider}", GOOD if fault is None else NOTE, fault or "works"


def _extras() -> Iterator[tuple[str, str, str]]:
    brought = extras()
    for extra, purpose in PURPOSES.items():
        found = {package: _version(package) for package in brought.get(extra, ())}
        missing = [package for package, number in found.items() if number is None]
        if missing:
            yield f"extra {extra}", NOTE, f"{', '.join(missing)} not installed; the extra is for {purpose}"
        else:
            yield f"extra {extra}", GOOD, ", ".join(f"{package} {number}" for package, number in found.items())


def _models() -> Iterator[tuple[str, str, str]]:
    for name in known_models():
        there = is_at_hand(name)
        yield f"model {name}", GOOD if there else NOTE, "at hand" if there else f"reid-pipeline fetch {name}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
