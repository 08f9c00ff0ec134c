"""Reads labelled tracklets laid out as in MARS: `<person>/<person>C<camera>T<tracklet>F<frame>.jpg`."""

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from passerby_events.errors import PasserbyError
from reid_models.clips import spread
from reid_models.crops import resize
from reid_models.encoder import Encoder
from reid_models.ranking import DISTRACTOR, Labelled
from reid_models.vectors import has_direction
from reid_runtime.card import ClipSpec

logger = logging.getLogger(__name__)

# MARS writes -1, for nobody in full, as 00-1, and all its distractors as 0000.
NAME = re.compile(r"(?P<person>\d+|00-1)C(?P<camera>\d+)T(?P<tracklet>\d+)F(?P<frame>\d+)\.jpe?g", re.IGNORECASE)


class TrackletFolderError(PasserbyError):
    """A folder does not hold labelled tracklets; the message says in one line what it holds."""


@dataclass(frozen=True, slots=True)
class LabelledTracklet:
    """One tracklet on disk.

    Attributes:
        person: who it is; `JUNK` of `reid_models.ranking` for nobody in full, `DISTRACTOR` for somebody of no name.
        camera: number of the camera.
        number: of the tracklet among those of its person.
        files: its crops in order of time.
    """

    person: int
    camera: int
    number: int
    files: tuple[Path, ...]

    @property
    def is_named(self) -> bool:
        """Whether it shows somebody whom other tracklets may show too."""
        return self.person >= 0


def read_folder(folder: Path) -> list[LabelledTracklet]:
    """The tracklets below a folder, by person, camera and number.

    Raises:
        TrackletFolderError: if there is no folder, or no crop in it.
    """
    if not folder.is_dir():
        raise TrackletFolderError(f"expected a folder of tracklets at {folder}, found none: check the path")
    files: dict[tuple[int, int, int], list[tuple[int, Path]]] = {}
    for path in sorted(folder.rglob("*.jp*g")):
        if match := NAME.fullmatch(path.name):
            person, camera, number, frame = (int(group.replace("00-", "-")) for group in match.groups())
            files.setdefault((person or DISTRACTOR, camera, number), []).append((frame, path))
    if not files:
        raise TrackletFolderError(
            f"expected crops named <person>C<camera>T<tracklet>F<frame>.jpg below {folder}, found none: "
            "lay the tracklets out as in MARS"
        )
    return [LabelledTracklet(*key, tuple(path for _, path in sorted(files[key]))) for key in sorted(files)]


def labels(tracklets: list[LabelledTracklet]) -> Labelled:
    """Persons and cameras, side by side."""
    return Labelled(
        persons=np.array([tracklet.person for tracklet in tracklets], np.int64),
        cameras=np.array([tracklet.camera for tracklet in tracklets], np.int64),
    )


def read_clip(tracklet: LabelledTracklet, spec: ClipSpec) -> NDArray[np.uint8]:
    """(T, H, W, 3) uint8 RGB: crops spread over the tracklet, at the size that an encoder takes.

    Raises:
        TrackletFolderError: if a crop cannot be read.
    """
    chosen = [tracklet.files[index] for index in spread(len(tracklet.files), spec.frames)]
    return np.concatenate(list(_crops(chosen, spec)))


def encode_tracklets(
    encoder: Encoder, tracklets: Iterable[LabelledTracklet]
) -> tuple[list[LabelledTracklet], NDArray[np.float32]]:
    """One clip of each, encoded by itself: the tracklets of which the network made a vector, and (N, D) those.

    The others are dropped; the log names the first and counts them.

    Raises:
        TrackletFolderError: if a crop cannot be read, or no vector comes of any of them.
    """
    seen = list[LabelledTracklet]()
    rows = list[NDArray[np.float32]]()
    for tracklet in tracklets:
        seen.append(tracklet)
        rows.append(encoder.encode(read_clip(tracklet, encoder.clip)[None])[0])
    vectors = np.stack(rows)
    is_good = has_direction(vectors)
    bad = [tracklet for tracklet, good in zip(seen, is_good, strict=True) if not good]
    if len(bad) == len(seen):
        raise TrackletFolderError(f"{encoder.model_id} made NaN or zeros of all {len(seen)} tracklets: take another")
    if bad:
        logger.warning(
            "%s made NaN or zeros of %d of %d tracklets, which are dropped, the first one that of camera %d at %s",
            encoder.model_id,
            len(bad),
            len(seen),
            bad[0].camera,
            bad[0].files[0],
        )
    return [tracklet for tracklet, good in zip(seen, is_good, strict=True) if good], vectors[is_good]


def _crops(files: list[Path], spec: ClipSpec) -> Iterator[NDArray[np.uint8]]:
    for path in files:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if image is None:
            raise TrackletFolderError(f"expected an image at {path}, found something else: restore it or take it away")
        yield resize(np.asarray(image, np.uint8)[None], height=spec.height, width=spec.width)
