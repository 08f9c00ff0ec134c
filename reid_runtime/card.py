"""What an artefact expects, what it yields, and which weights it is: a JSON file beside it.

Weights never travel without their card: sizes, colours and normalisation are never guessed from a file name.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from passerby_events.errors import PasserbyError
from reid_runtime.engine_card import EngineCard
from reid_runtime.external_data import WeightFile, weight_files


class ArtefactError(PasserbyError):
    """An artefact, its card or its provider is not what was asked for; the message says in one line what to do."""


Frames = Annotated[int, Field(ge=1, le=1024)]
Side = Annotated[int, Field(ge=1, le=4096)]
"""Larger ones no network takes, and no memory: a card is read before anything is allocated by it."""
Finite = Annotated[float, Field(allow_inf_nan=False)]
Precision = Literal["fp32", "fp16", "int8"]
Above0 = Annotated[float, Field(gt=0, allow_inf_nan=False)]
ENGINES = ".engine", ".plan"
"""Suffixes of engines."""
NAME = r"^[^/\\\x00-\x1f\x7f]+$"
"""No path and no control characters: names stand in log lines, in Redis and in file names."""


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """The clips that an encoder takes.

    Attributes:
        frames: T, crops in a clip.
        height: of a crop, pixels.
        width: of a crop, pixels.
    """

    frames: Frames
    height: Side
    width: Side


@dataclass(frozen=True, slots=True)
class ClipLengths:
    """Which T a network takes whose file leaves it free.

    Attributes:
        least: frames.
        multiple: of how many frames.
    """

    least: Frames = 1
    multiple: Frames = 1

    def allow(self, frames: int) -> bool:
        """Whether it takes clips of that many."""
        return frames >= self.least and frames % self.multiple == 0


@dataclass(frozen=True, slots=True)
class DetectionSpec:
    """The images that a detector takes, and whom it is asked for.

    Attributes:
        height: of its input, pixels.
        width: of its input, pixels.
        fit: how an image gets that size: `stretch`, or scaled alike in both directions and put at the `top-left` or in
            the `centre` of grey.
        person: number of the class of people, as the network counts its classes.
    """

    height: Side
    width: Side
    fit: Literal["top-left", "centre", "stretch"]
    person: Annotated[int, Field(ge=0, le=100_000)]


class TensorSpec(BaseModel):
    """One input or output of a network.

    Attributes:
        name: in the file.
        shape: one number per axis; None where the axis is free.
        dtype: numpy's name of the type.
        meaning: what the numbers are, for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    shape: tuple[int | None, ...]
    dtype: str
    meaning: str = ""


class Pixels(BaseModel):
    """Which colours and range a network takes: value = (pixel * scale - mean) / std, pixel in 0-255.

    Attributes:
        order: of the colour channels; `mean` and `std` stand in the same order.
        layout: of the axes; n images or clips, t frames, c colours, h x w pixels.
        scale: factor on the pixel, before mean and std.
        mean: one per channel.
        std: one per channel.
        dtype: numpy's name of the type.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    order: Literal["rgb", "bgr"]
    layout: Literal["nchw", "nhwc", "nthwc"]
    scale: Above0 = 1.0
    mean: tuple[Finite, Finite, Finite] = (0.0, 0.0, 0.0)
    std: tuple[Above0, Above0, Above0] = (1.0, 1.0, 1.0)
    dtype: Literal["float32", "float16", "uint8"] = "float32"


class Lowered(BaseModel):
    """How an artefact of half or 8-bit precision was made of a network in single precision.

    Attributes:
        source_sha256: of the artefact in single precision, see `artefact_sha256`.
        calibration: what it was calibrated on, and how, in words; empty where nothing is to be calibrated.
        kept: names of the nodes that were left in higher precision.
        figures: what the gate measured against the source, by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    source_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    calibration: str = ""
    kept: tuple[str, ...] = ()
    figures: dict[str, Finite] = Field(default_factory=dict)


class LikenessCurve(BaseModel):
    """What a cosine of one encoder is worth, measured on people whose names are known.

    Attributes:
        slope: by how much the log-odds of one person rise with the cosine.
        even: cosine of two clips who are as likely one person as two, if both were equally likely beforehand.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    slope: float = Field(gt=0, allow_inf_nan=False)
    even: float = Field(ge=-1, le=1, allow_inf_nan=False)


class ModelCard(BaseModel):
    """What stands in the JSON file beside an artefact.

    Attributes:
        name: of the network and its training, such as `osnet_x0_25_msmt17`.
        family: which of our readers understands its outputs, such as `yolox`.
        file: name that the artefact had when the card was written.
        sha256: of the artefact, and of the weights that lie beside it: see `artefact_sha256`.
        inputs: of the file, in its order.
        outputs: of the file, in its order.
        pixels: how images become the first input.
        clip: the clips that it is given, for clip networks only.
        lengths: other T that it takes, where its file leaves T free and this is known.
        detection: the images it takes and whom it is asked for, for detectors only.
        precision: of the weights.
        lowered: of what, and how, where the precision is not single.
        licence: of the weights, an SPDX name or words.
        origin: where the artefact came from.
        threshold: encoders only: cosine from which two tracks are taken for one person where nothing is calibrated.
        likeness: encoders only: what a cosine is worth where nothing is calibrated.
        notes: what else a user should know.
        network: which architecture it is, as docs/models.md names it; empty: nobody knows.
        paper: whose.
        opset: of ONNX's operators.
        engine: of engines only: where they run.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(pattern=NAME, max_length=200)
    family: str
    file: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    inputs: tuple[TensorSpec, ...] = Field(min_length=1)
    outputs: tuple[TensorSpec, ...] = Field(min_length=1)
    pixels: Pixels
    clip: ClipSpec | None = None
    lengths: ClipLengths | None = None
    detection: DetectionSpec | None = None
    precision: Precision = "fp32"
    lowered: Lowered | None = None
    licence: str
    origin: str
    threshold: float | None = Field(None, ge=-1, le=1, allow_inf_nan=False)
    likeness: LikenessCurve | None = None
    notes: str = ""
    network: str = ""
    paper: str = ""
    opset: int | None = None
    engine: EngineCard | None = None

    @property
    def model_id(self) -> str:
        """Name and fingerprint of the weights; vectors of two models never compare."""
        return f"{self.name}@{self.sha256[:12]}"


def card_path(artefact: Path) -> Path:
    """Where the card of an artefact lies; an engine's keeps clear of that of its network, beside it."""
    return artefact.with_name(f"{artefact.name}.json") if artefact.suffix in ENGINES else artefact.with_suffix(".json")


def read_card(artefact: Path) -> ModelCard:
    """The card of an artefact, after checking that it belongs to this very file.

    Raises:
        ArtefactError: if the artefact or its card is missing or unreadable, or the card belongs to another file.
    """
    if not artefact.is_file():
        raise ArtefactError(f"expected an artefact at {artefact}, found no file: check the path")
    path = card_path(artefact)
    if not path.is_file():
        raise ArtefactError(
            f"{artefact.name} has no card, expected {path}: {_how_to_write(artefact, f'adopt {artefact}')}"
        )
    card = _parse(path)
    found = artefact_sha256(artefact)
    if found != card.sha256:
        raise ArtefactError(
            f"the card {path.name} belongs to another file: expected sha256 {card.sha256[:12]}..., {artefact.name} has "
            f"{found[:12]}...: restore the file, or {_how_to_write(artefact, 'adopt')}"
        )
    return card


def _how_to_write(artefact: Path, adopt: str) -> str:
    """A card: that of an engine comes with it alone."""
    if artefact.suffix in ENGINES:
        return "build the engine anew with `reid-export engine`"
    return f"write a card with `reid-pipeline {adopt}`"


def write_card(card: ModelCard, artefact: Path) -> Path:
    """Writes the card beside the artefact, and tells where."""
    path = card_path(artefact)
    path.write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return path


def artefact_sha256(artefact: Path) -> str:
    """Fingerprint of all that makes a network, hexadecimal: that of the file, or, where it keeps weights in files
    beside it, one over those of the file and of each of them by name.

    Raises:
        ArtefactError: if weights are missing, cut short, or outside the folder of the artefact.
    """
    own, beside = file_sha256(artefact), weight_files(artefact)
    if not beside:
        return own
    digest = hashlib.sha256(own.encode())
    for weights in beside:
        _check_weights(artefact, weights)
        digest.update(f"\n{weights.name}\0{file_sha256(artefact.parent / weights.name)}".encode())
    return digest.hexdigest()


def _check_weights(artefact: Path, weights: WeightFile) -> None:
    if not weights.is_beside:
        raise ArtefactError(f"{artefact.name} keeps weights outside its folder, in {weights.name!r}: export it anew")
    file = artefact.parent / weights.name
    if not file.is_file():
        raise ArtefactError(
            f"{artefact.name} keeps weights in {weights.name!r} beside it, found no file there: bring both"
        )
    size = file.stat().st_size
    if size < weights.least_bytes:
        raise ArtefactError(
            f"{artefact.name} keeps weights in {weights.name!r} beside it: expected at least {weights.least_bytes} "
            f"bytes, found {size}: bring the whole file"
        )


def file_sha256(path: Path) -> str:
    """Fingerprint of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parse(path: Path) -> ModelCard:
    try:
        return ModelCard.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ArtefactError(
            f"{path} is no model card: {first_fault(error)}; write a new one with `reid-pipeline adopt`"
        ) from error


def first_fault(error: ValidationError) -> str:
    """Where the first fault of a card is, and what it is."""
    first = error.errors()[0]
    return f"{'.'.join(str(each) for each in first['loc']) or 'the file'}: {first['msg']}"
