"""What may be asked of an engine, and of which library."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from export.engines.errors import EngineMisuseError
from reid_runtime.engine_card import EngineRuntime, Hardware
from reid_runtime.engine_checks import NAMES

MOST = 1 << 16
"""Of any axis: clips and frames are never so many, and a builder takes what fits into no GPU without a word."""
CAPABILITY = re.compile(r"\d+\.\d")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How long a free axis may be.

    Attributes:
        least: at least 1.
        usual: for which the engine is made fast.
        most: memory is set aside for it.
    """

    least: int
    usual: int
    most: int


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """
    Attributes:
        runtime: that will run it.
        batch: of clips or images, where the network leaves it free.
        frames: of a clip, where the network leaves them free; None: up to 16, or as many as serving gives it.
        workspace_mib: memory that its layers may take; None: as much as they like.
        timing_cache: file of what was measured before, read and written; a second build is faster with it.
        version_compatible: also for later versions of the same major number.
        hardware: for which other GPUs too.
        targets: compute capabilities, such as `8.6`; none: those that the library takes by itself.
    """

    runtime: EngineRuntime
    batch: Sizes = Sizes(1, 8, 32)  # frozen
    frames: Sizes | None = None
    workspace_mib: int | None = None
    timing_cache: Path | None = None
    version_compatible: bool = False
    hardware: Hardware = "none"
    targets: tuple[str, ...] = ()


def parse_sizes(text: str, what: str) -> Sizes:
    """Of `1,8,32`, or of one number for all three.

    Raises:
        EngineMisuseError: if they are no numbers from 1 to `MOST`, in rising order.
    """
    found = [int(each) for each in text.split(",") if each.strip().isdecimal()]
    if len(found) == 1 and "," not in text:
        found *= 3
    if len(found) != 3 or len(text.split(",")) not in (1, 3) or not 1 <= found[0] <= found[1] <= found[2] <= MOST:
        raise EngineMisuseError(
            f"{what}: expected the least, the usual and the most, such as 1,8,32, or one number, up to {MOST}, "
            f"found {text}"
        )
    return Sizes(*found)


def chosen(text: str, kinds: Any, what: str) -> Any:
    """One of the words of a Literal.

    Raises:
        EngineMisuseError: if it is none of them.
    """
    if text not in get_args(kinds):
        raise EngineMisuseError(f"{what}: expected {' or '.join(get_args(kinds))}, found {text}")
    return text


def check_options(options: EngineOptions) -> None:
    """Refuses what the chosen library does not have, rather than let it be passed over in silence.

    Raises:
        EngineMisuseError: at the first such option.
    """
    if wrong := next((each for each in options.targets if not CAPABILITY.fullmatch(each)), None):
        raise EngineMisuseError(f"--target: expected a compute capability such as 8.6, found {wrong}")
    is_rtx = options.runtime == "tensorrt-rtx"
    why = {
        "--timing-cache": (is_rtx and options.timing_cache is not None, "it measures nothing while it builds"),
        "--version-compatible": (is_rtx and options.version_compatible, "its engines run on the version that built"),
        "--hardware": (is_rtx and options.hardware != "none", "name the GPUs by --target"),
        "--target": (not is_rtx and bool(options.targets), "it builds for the GPU that is here, and --hardware"),
    }
    for option, (is_asked, reason) in why.items():
        if is_asked:
            raise EngineMisuseError(f"{NAMES[options.runtime]} has no {option}: {reason}")


def command(options: EngineOptions, onnx: str, engine: str) -> str:
    """The command line that builds such an engine."""
    words = ["reid-export engine", onnx, engine, "--for", options.runtime]
    words += ["--batch", _written(options.batch)]
    if options.frames is not None:
        words += ["--frames", _written(options.frames)]
    if options.workspace_mib is not None:
        words += ["--workspace-mib", str(options.workspace_mib)]
    if options.version_compatible:
        words.append("--version-compatible")
    if options.hardware != "none":
        words += ["--hardware", options.hardware]
    for target in options.targets:
        words += ["--target", target]
    return " ".join(words)


def _written(sizes: Sizes) -> str:
    return f"{sizes.least},{sizes.usual},{sizes.most}"
