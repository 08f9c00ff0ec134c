"""What a similarity of each encoder is worth, on people on whom no result is reported: CUHK01.

    python -m benchmarks.accuracy.thresholds [ENCODER ...]

The images are `data/reid/cuhk01_half` in the folder PASSERBY_SHARED (by default ../shared): 485 persons, two images in
each of two cameras, a person's two images in a camera as one clip. For each encoder the threshold at 1 in 100
strangers, how many of the same persons pass it, and the curve of the probability that two clips are of one person: its
slope, in log-odds, and the cosine at which it is a half. The suggested thresholds of the networks that
`reid-pipeline fetch` knows, and the probabilities of events where nothing is calibrated, are from here.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.build import build_encoder, read_encoder_card
from pipeline.commands.flags import choose_encoder
from pipeline.config import ComputeConfig
from pipeline.matching.measure_calibration import LabelledVectors, compare, measure_calibration
from pipeline.model_zoo import find_artefact
from reid_models.crops import fit, shrink
from reid_models.encoder import Encoder
from reid_runtime.load import own_provider
from testing.paths import SHARED

FOLDER = SHARED / "data/reid/cuhk01_half"
RATE = 0.01
CAMERAS = ("1", "2")
ENCODERS = (
    "osnet-x0-25-msmt17",
    "intel-0248",
    "person-reidentification-retail-0277",
    "person-reidentification-retail-0288",
    "passerby-encoder",
    "colour-stripes",
)
SEED = 0


def main(names: Sequence[str]) -> int:
    if not FOLDER.is_dir():
        print(f"expected CUHK01 at {FOLDER}, found none: set PASSERBY_SHARED", file=sys.stderr)
        return 2
    print("| encoder | suggested | at 1 in 100 strangers | same who pass | slope | as likely one as two |")
    print("|---|--:|--:|--:|--:|--:|")
    for name in names or ENCODERS:
        provider = "cpu" if name == "colour-stripes" else own_provider(find_artefact(name))
        chosen = choose_encoder(name, [])
        encoder, suggested = (
            build_encoder(chosen, ComputeConfig(provider=provider)),
            read_encoder_card(chosen).threshold,
        )
        rng = np.random.default_rng(SEED)
        found = measure_calibration(
            compare(clips(encoder), rng), model_id=encoder.model_id, false_match_rate=RATE, rng=rng
        ).overall
        threshold, same = f"{found.threshold:.3f}", f"{found.true_match_rate:.1%}"
        even = -found.intercept / found.slope
        print(f"| {name} | {suggested} | {threshold} | {same} | {found.slope:.1f} | {even:.3f} |", flush=True)
    return 0


def clips(encoder: Encoder) -> LabelledVectors:
    """The vectors of all persons, in both cameras."""
    persons = sorted({int(path.name[:4]) for path in FOLDER.glob("*.png")})
    rows = [(person, camera) for person in persons for camera in CAMERAS]
    vectors = [encoder.encode(_clip(encoder, person, int(camera))[None])[0] for person, camera in rows]
    return LabelledVectors(
        persons=np.array([person for person, _ in rows], np.int64),
        cameras=tuple(camera for _, camera in rows),
        vectors=np.stack(vectors),
    )


def _clip(encoder: Encoder, person: int, camera: int) -> NDArray[np.uint8]:
    """(T, H, W, 3) uint8 RGB, two images by turns."""
    height, width = encoder.clip.height, encoder.clip.width
    files = [FOLDER / f"{person:04d}{image:03d}.png" for image in (2 * camera - 1, 2 * camera)]
    crops = fit([shrink(_image(file), height=height, width=width) for file in files], height=height, width=width)
    return np.ascontiguousarray(crops[np.arange(encoder.clip.frames) % len(crops)])


def _image(file: Path) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 RGB."""
    image = cv2.imread(str(file))
    assert image is not None, f"{file} is no image"
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
