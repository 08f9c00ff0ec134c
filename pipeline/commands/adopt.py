"""`reid-pipeline adopt`: a foreign network, what it is, and what it makes of an image."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from detectors.detections import Detections
from detectors.network_detector import NetworkDetector
from detectors.network_params import NetworkParams
from pipeline.build import encoder_of
from pipeline.config_errors import ConfigError
from pipeline.families import DETECTORS, FAMILIES, family_named
from pipeline.output.annotate import draw_person
from pipeline.output.files import written_whole
from pipeline.output.person_labels import Colour
from pipeline.shipped import SHOP_IMAGE
from pipeline.sources.decoding import RgbConverter, decode_image
from reid_models.crops import cut
from reid_runtime.adopt import Examined, Origin, examine
from reid_runtime.card import ArtefactError, card_path, write_card
from reid_runtime.family import Asked
from reid_runtime.load import open_session, own_provider
from reid_runtime.session import Session

SCORE = 0.25
"""Detections below are not told: most networks find somebody everywhere, at a low score."""
SHOP_PEOPLE = np.array([[355, 182, 405, 298], [364, 88, 412, 182]], np.float32)
"""Two people of the shop's frame, x1 y1 x2 y2 in pixels."""
MOST_PX = 8192
"""Of a side of a detector's input."""
CROPS = 4
"""In a clip, where the network leaves that open."""
JPEG_QUALITY = 90
FOUND = Colour(255, 90, 0)
"""Of boxes: seen at once on grey streets and in white shops."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a network is tried on.

    Attributes:
        image: a file; None: the shop's frame.
        drawing: where to draw whom it found; None: nowhere.
    """

    image: Path | None = None
    drawing: Path | None = None


def adopt_file(
    file: Path, family: str | None, words: Origin, trial: Trial, person: str | None, size: str | None
) -> int:
    """Writes the card of a foreign network, and prints what it is and what it made of an image.

    Raises:
        ArtefactError: if it is of no family, or of several, or nothing comes of it.
        ConfigError: if what was asked for cannot be.
    """
    asked = Asked(person, *_size(size))
    families = list(FAMILIES.values()) if family is None else [family_named(family)]
    image = decode_image(trial.image or SHOP_IMAGE, RgbConverter())
    found = examine(file, families, words, asked)
    _check_size(asked, found)
    lines = [f"{card_path(file)}: {found.card.model_id}, family {found.card.family}", f"found: {_why(found)}"]
    session = open_session(file, found.card, provider=own_provider(file), threads=1)
    if found.card.family in {each.name for each in DETECTORS}:
        lines += _try_detector(session, image, trial)
    elif trial.drawing is not None:
        raise ConfigError(f"--draw: expected a detector, found the family {found.card.family}, which draws nobody")
    else:
        lines.append(_try_encoder(session, image, trial))
    write_card(found.card, file)
    Console(highlight=False).print("\n".join(lines), soft_wrap=True, markup=False)
    return 0


def _why(found: Examined) -> str:
    detection = found.card.detection
    if detection is None:
        return found.why
    return f"{found.why}; people are class {detection.person}, images {detection.width}x{detection.height}"


def _size(text: str | None) -> tuple[int | None, int | None]:
    if text is None:
        return None, None
    height, by, width = text.partition("x")
    sides = [int(side) for side in (height, width) if side.isdecimal()]
    if not by or len(sides) != 2 or not 1 <= min(sides) <= max(sides) <= MOST_PX:
        raise ConfigError(f"--size: expected HEIGHTxWIDTH, each up to {MOST_PX} pixels, found {text!r}")
    return sides[0], sides[1]


def _check_size(asked: Asked, found: Examined) -> None:
    """Raises ConfigError if the file has a size of its own, and another was asked for."""
    own = found.card.detection
    if asked.height is not None and (own is None or (own.height, own.width) != (asked.height, asked.width)):
        takes = f"images of {own.height}x{own.width} alone" if own else "crops, and no images"
        raise ConfigError(f"--size: the file takes {takes}, found {asked.height}x{asked.width}: leave it away")


def _try_detector(session: Session, image: NDArray[np.uint8], trial: Trial) -> list[str]:
    """What it found, and where that was drawn."""
    (found,) = NetworkDetector(session, NetworkParams(score=SCORE)).detect([image])
    scores = " ".join(f"{score:.2f}" for score in found.scores[:10])
    reported = f"{len(found)} with scores of {scores}{' ...' if len(found) > 10 else ''}" if len(found) else "nobody"
    lines = [f"people on {_named(trial)}: {reported}"]
    if trial.drawing is not None:
        _draw(image, found, trial.drawing)
        lines.append(f"drawn: {trial.drawing}")
    return lines


def _try_encoder(session: Session, image: NDArray[np.uint8], trial: Trial) -> str:
    """How alike an image and its mirror image are to it, and, on the shop's frame, two people."""
    encoder = encoder_of(session, frames=CROPS)
    height, width = image.shape[:2]
    boxes = SHOP_PEOPLE if trial.image is None else np.array([[0, 0, width, height]], np.float32)
    crops = cut(image, boxes, height=encoder.clip.height, width=encoder.clip.width)
    seen = np.concatenate([crops, crops[:1, :, ::-1]])
    # One by one: a file may fix how many clips it takes.
    vectors = np.concatenate([encoder.encode(np.stack([crop] * encoder.clip.frames)[None]) for crop in seen])
    if not np.isfinite(vectors).all():
        raise ArtefactError(f"{session.card.name} yields no vector for {_named(trial)}: the file is damaged")
    alike = f"similarity of a person and the mirror image on {_named(trial)}: {vectors[0] @ vectors[-1]:.2f}"
    return alike + (f", and of two people: {vectors[0] @ vectors[1]:.2f}" if trial.image is None else "")


def _named(trial: Trial) -> str:
    return "the shop's frame" if trial.image is None else str(trial.image)


def _draw(image: NDArray[np.uint8], found: Detections, path: Path) -> None:
    """The image as JPEG, with a box around each."""
    drawn = image.copy()
    for box, score in zip(found.boxes, found.scores, strict=True):
        draw_person(drawn, box, f"{score:.2f}", FOUND)
    _, jpeg = cv2.imencode(".jpg", drawn[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    with written_whole(path) as partial:
        partial.write_bytes(jpeg.tobytes())
