"""One network that tells people apart: embeddings of tracklets, and how alike two people are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.build import build_encoder, read_encoder_card
from pipeline.commands.flags import choose_encoder
from pipeline.config import ComputeConfig
from pipeline.matching.policy import USUAL_THRESHOLD
from reid_models.clips import spread
from reid_models.crops import resize
from reid_models.encoder import Encoder
from reid_models.tracklet_folder import (
    LabelledTracklet,
    TrackletFolderError,
    encode_tracklets,
    read_clip,
    read_folder,
)
from reid_models.vectors import has_direction
from reid_runtime.card import ArtefactError

Crops = str | Path | Sequence[NDArray[np.uint8]]
"""Pictures of one person: a file, a folder of them in order of name, or (H, W, 3) uint8 RGB each."""
SUFFIXES = {".jpg", ".jpeg", ".png"}


@dataclass(frozen=True, slots=True, eq=False)
class TrackletEmbeddings:
    """Labelled tracklets as vectors, one row each.

    Attributes:
        persons: (N,) int64, who it is; -1 for nobody in full.
        cameras: (N,) int64, number of the camera.
        numbers: (N,) int64, of the tracklet among those of its person.
        vectors: (N, D) float32, rows of length 1: their products are similarities.
        model_id: of the network; vectors of two networks never compare.
    """

    persons: NDArray[np.int64]
    cameras: NDArray[np.int64]
    numbers: NDArray[np.int64]
    vectors: NDArray[np.float32]
    model_id: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """How alike two people are.

    Attributes:
        similarity: cosine of their vectors, in [-1, 1].
        threshold: from which the encoder takes two for one.
    """

    similarity: float
    threshold: float

    @property
    def is_same_person(self) -> bool:
        """Whether the similarity reaches the threshold."""
        return self.similarity >= self.threshold


class PersonEncoder:
    """A network that is loaded once; for one thread at a time.

    Attributes:
        model_id: name of the network and fingerprint of its weights.
        threshold: cosine from which two people are taken for one, where nothing is calibrated.
    """

    def __init__(self, encoder: Encoder, threshold: float) -> None:
        self._encoder = encoder
        self.model_id = encoder.model_id
        self.threshold = threshold

    def embed_folder(self, folder: str | Path) -> TrackletEmbeddings:
        """The tracklets of a folder in the layout of MARS, `<person>C<camera>T<tracklet>F<frame>.jpg`, as vectors.

        Those of which the network makes NaN or zeros are left out, and the log says so.

        Raises:
            PasserbyError: if the folder holds none, a crop cannot be read, or no vector comes of any.
        """
        tracklets, vectors = encode_tracklets(self._encoder, read_folder(Path(folder)))
        return TrackletEmbeddings(
            persons=np.array([tracklet.person for tracklet in tracklets], np.int64),
            cameras=np.array([tracklet.camera for tracklet in tracklets], np.int64),
            numbers=np.array([tracklet.number for tracklet in tracklets], np.int64),
            vectors=vectors,
            model_id=self.model_id,
        )

    def embed(self, person: Crops) -> NDArray[np.float32]:
        """(D,) float32 of length 1: images of one person as a vector.

        Raises:
            PasserbyError: if there is no image, one cannot be read, or the network makes NaN or zeros of them.
            ValueError: if an array is no RGB image.
        """
        vectors = self._encoder.encode(self._clip(person)[None])
        if not has_direction(vectors).all():
            raise ArtefactError(f"{self.model_id} made NaN or zeros of these images: take others, or another network")
        return np.asarray(vectors[0], np.float32)

    def compare(self, one: Crops, other: Crops) -> Comparison:
        """How alike two people are; raises as `embed`."""
        similarity = float(np.clip(self.embed(one) @ self.embed(other), -1, 1))
        return Comparison(similarity, self.threshold)

    def _clip(self, person: Crops) -> NDArray[np.uint8]:
        spec = self._encoder.clip
        if isinstance(person, str | Path):
            return read_clip(LabelledTracklet(0, 0, 0, _image_files(Path(person))), spec)
        if not person or any(crop.dtype != np.uint8 or crop.ndim != 3 or crop.shape[2] != 3 for crop in person):
            found = [f"{crop.dtype} {crop.shape}" for crop in person]
            raise ValueError(f"expected images of (H, W, 3) uint8, found {', '.join(found) or 'none'}")
        chosen = [person[index] for index in spread(len(person), spec.frames)]
        return np.concatenate([resize(crop[None], height=spec.height, width=spec.width) for crop in chosen])


def load_encoder(
    name: str | None = None, *, provider: Literal["cpu", "openvino", "cuda", "tensorrt", "tensorrt-rtx"] = "cpu"
) -> PersonEncoder:
    """Loads a network that tells people apart.

    Args:
        name: name or file of a network, or `colour-stripes`; None: the best that is on this machine.
        provider: where it runs; not there is an error, never a silent fall to the processor.

    Raises:
        PasserbyError: if there is no such network, or it cannot run there.
    """
    chosen = choose_encoder(name, [])
    threshold = read_encoder_card(chosen).threshold
    encoder = build_encoder(chosen, ComputeConfig(provider=provider))
    return PersonEncoder(encoder, USUAL_THRESHOLD if threshold is None else threshold)


def _image_files(path: Path) -> tuple[Path, ...]:
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise TrackletFolderError(f"expected an image, or a folder of images, at {path}, found none")
    return tuple(files)
