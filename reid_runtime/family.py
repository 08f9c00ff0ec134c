"""What the files of one family have in common.

A family is what a file cannot tell by itself: colours, range, and what the outputs mean. Each is described beside the
code that reads its outputs; nothing here knows one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_runtime.card import ClipSpec, DetectionSpec, ModelCard, Pixels, TensorSpec
from reid_runtime.session import Arrays
from reid_runtime.signature import Signature, matches, show_spec

FLOATS = ("float32", "float16")


@dataclass(frozen=True, slots=True)
class Asked:
    """What whoever brings a file says of it.

    Attributes:
        person: detectors only: name or number of the class of people; None: what the file says.
        height: detectors only, of the input, where the file leaves that open, pixels; None: what its exporter noted.
        width: see `height`.
        is_named: whether the family was named, so that names of outputs, which exporters choose freely, count no more.
    """

    person: str | None = None
    height: int | None = None
    width: int | None = None
    is_named: bool = False


class UnsaidError(ValueError):
    """A file is of a family as far as its shapes go, and does not say all that the family needs to know."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a file is, if it is of a family.

    Attributes:
        pixels: how images become the first input.
        input_meaning: of the first input, for people.
        output_meanings: of the outputs that are read, by name, for people.
        clip: see `ModelCard`.
        detection: see `ModelCard`.
        why: what of its names, shapes and types speaks for the family, in a few words.
    """

    pixels: Pixels
    input_meaning: str
    output_meanings: Mapping[str, str]
    why: str
    clip: ClipSpec | None = None
    detection: DetectionSpec | None = None


def _none(card: ModelCard, images: int) -> Arrays:
    return {}


@dataclass(frozen=True, slots=True)
class Family:
    """One way to feed a network and to read it.

    Attributes:
        name: of the family, as cards say it.
        claim: what a file of this signature is; raises ValueError, with what was expected and found, if it is none.
        check: raises ValueError, with what was expected, unless what came of noise, or of grey, fits; given with the
            card.
        further_inputs: for so many images, what stands beside the first input.
        may_be_zero: whether zeros are what a healthy network may yield for noise.
    """

    name: str
    claim: Callable[[Signature, Asked], Claim]
    check: Callable[[Mapping[str, NDArray[Any]], ModelCard], None]
    further_inputs: Callable[[ModelCard, int], Arrays] = field(default=_none)
    may_be_zero: bool = False


def read_input(
    signature: Signature, pixels: Pixels, shape: tuple[int | None, ...], *, inputs: int = 1
) -> tuple[TensorSpec, Pixels]:
    """The first input of a file, and the pixels it takes: in half precision, if the file wants them so.

    Raises:
        ValueError: if it has another number of inputs, or its first is of another shape or type.
    """
    found = signature.inputs[0]
    if len(signature.inputs) != inputs:
        raise ValueError(f"has {inputs} input{'s' if inputs > 1 else ''}, found {len(signature.inputs)}")
    dtypes = FLOATS if pixels.dtype == "float32" else (pixels.dtype,)
    if found.dtype not in dtypes or not matches(found.shape, shape):
        raise ValueError(
            f"takes {show_spec(TensorSpec(name='', shape=shape, dtype=pixels.dtype))}, found {show_spec(found)}"
        )
    return found, pixels.model_copy(update={"dtype": found.dtype})


def summary(output: NDArray[Any]) -> str:
    """Shape, type and share of finite numbers, for a message."""
    return f"{output.shape} {output.dtype}, {np.isfinite(output).mean():.0%} finite"
