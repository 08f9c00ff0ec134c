"""The default networks as artefacts: which network a run trained, and how serving feeds it."""

from pathlib import Path

import torch

from detectors.grid import STRIDES_PX
from detectors.training.network import ServedDetector
from detectors.training.train import small_person_detector
from detectors.training.train import trained_network as trained_detector
from detectors.yolox import YOLOX
from export.to_onnx import Words, export_onnx
from passerby_events.errors import PasserbyError
from reid_learning.checkpoint import load_checkpoint
from reid_learning.recipes import Recipe
from reid_models.architectures.served import ServedNetwork
from reid_models.clip_encoder import CLIP
from reid_models.training.fit import trained as trained_encoder
from reid_models.training.recipes.compact import compact

DETECTOR_PX = 384, 512
"""Height and width, as images of most cameras have them: one of 4:3 fills it."""
PARITY_CLIPS = 3


class ExportError(PasserbyError):
    """An artefact that cannot be what was asked for."""

    exit_code = 2


def export_encoder(
    run: Path, file: Path, *, steps: int | None, licence: str, notes: str, threshold: float | None = None
) -> tuple[str, float]:
    """Writes the encoder of a run with its card; returns the `model_id` and the difference from torch."""
    recipe = compact(steps=steps)
    clip, steps = recipe.network.clip, recipe.loop.steps
    generator = torch.Generator().manual_seed(0)
    shape = (PARITY_CLIPS, clip.frames, clip.height, clip.width, 3)
    clips = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    network = trained_encoder(recipe, run)
    words = Words(
        name=file.stem,
        family=CLIP,
        licence=licence,
        origin=f"reid_models.training, recipe compact, {steps} steps, trained on {_seen(recipe, run)}",
        notes=notes,
        threshold=threshold,
    )
    card, difference = export_onnx(ServedNetwork(network), clips, file, words)
    return card.model_id, difference


def export_detector(
    run: Path,
    file: Path,
    *,
    steps: int | None,
    licence: str,
    notes: str,
    height: int = DETECTOR_PX[0],
    width: int = DETECTOR_PX[1],
) -> tuple[str, float]:
    """Writes the detector of a run with its card, for images of that size, in pixels; see `export_encoder`.

    Raises:
        ExportError: if a side is no multiple of the network's largest stride.
    """
    stride = STRIDES_PX[-1]
    if height % stride or width % stride:
        raise ExportError(f"expected a height and a width that are multiples of {stride}, found {height}, {width}")
    recipe = small_person_detector(steps=steps)
    network = trained_detector(recipe, run)
    images = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0)) * 255
    words = Words(
        name=file.stem,
        family=YOLOX,
        licence=licence,
        origin=f"detectors.training, {recipe.loop.steps} steps, trained on {_seen(recipe, run)}",
        notes=notes,
    )
    card, difference = export_onnx(ServedDetector(network), images, file, words, is_batch_free=False)
    return card.model_id, difference


def _seen(recipe: Recipe, run: Path) -> str:
    """What the checkpoint says of its data; nobody else knows."""
    checkpoint = load_checkpoint(run, recipe=recipe)
    assert checkpoint is not None
    return ", ".join(checkpoint.seen)
