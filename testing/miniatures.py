"""Tracklets on disk, made on the spot: people of one colour above and one below, before some cameras."""

from pathlib import Path

import cv2
import numpy as np

from reid_models.training.tracklets import Dataset, ImageFiles, TrackletSet

HEIGHT, WIDTH = 32, 16


def people_on_disk(
    folder: Path, *, persons: int, cameras: int = 2, tracklets: int = 1, frames: int = 5, first: int = 0, seed: int = 0
) -> TrackletSet:
    """A set of that many persons, each with so many tracklets before each camera, as PNG files in a folder.

    Args:
        folder: takes the files.
        persons: numbered from `first`.
        cameras: each with a tint of its own.
        tracklets: of a person before a camera.
        frames: of a tracklet; later ones are a little lighter.
        first: number of the first person.
        seed: of the colours.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    colours = rng.integers(20, 236, (persons, 2, 3))
    paths, labels = [], []
    for person in range(persons):
        for camera in range(cameras):
            for number in range(tracklets):
                labels.append((first + person, camera))
                for frame in range(frames):
                    path = folder / f"{first + person:04d}C{camera + 1}T{number:04d}F{frame:03d}.png"
                    cv2.imwrite(str(path), _image(colours[person], camera, frame, rng))
                    paths.append(path)
    who = np.array(labels, np.int64)
    starts = np.arange(len(who)) * frames
    return TrackletSet(who[:, 0], who[:, 1], starts, np.full(len(who), frames), ImageFiles.of(paths))


def dataset_on_disk(folder: Path, *, learners: int = 8, asked: int = 6) -> Dataset:
    """Some persons to learn from, others to ask for: a query and a tracklet of the gallery each."""
    train = people_on_disk(folder / "train", persons=learners, tracklets=2)
    test = people_on_disk(folder / "test", persons=asked, first=learners, seed=1)
    return Dataset("miniature", "made-up people", train, test.some(test.cameras == 0), test.some(test.cameras == 1))


def _image(colours: np.ndarray, camera: int, frame: int, rng: np.random.Generator) -> np.ndarray:
    image = np.empty((HEIGHT, WIDTH, 3), np.float32)
    image[: HEIGHT // 2], image[HEIGHT // 2 :] = colours[0], colours[1]
    image += 8 * camera + 2 * frame + rng.normal(0, 6, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)
