"""CUHK01: two images of each person in each of two cameras, as clips of two frames.

Li, Zhao and Wang, "Human Reidentification with Transferred Metric Learning", ACCV 2012. Names are person and number:
`0001003.png` is the first image of person 1 in the second camera.
"""

import re
from pathlib import Path

from reid_models.training.datasets.entry import DatasetEntry
from reid_models.training.datasets.listing import Listed, nobody, tracklet_set
from reid_models.training.tracklets import Dataset, DatasetError

NAME = re.compile(r"(?P<person>\d{4})(?P<image>00[1-4])\.png")
IMAGES = 2
"""Of a person in a camera."""


def read(folder: Path, _split: int) -> Dataset:
    """Nobody to learn from; each clip is searched for among all the others.

    So the protocol is to be one where queries join the gallery: of the query's camera it passes over its person alone.

    Raises:
        DatasetError: if the folder holds no images with such names.
    """
    clips: dict[tuple[int, int], list[str]] = {}
    for path in sorted(folder.iterdir()):
        if match := NAME.fullmatch(path.name):
            camera = 1 + (int(match["image"]) - 1) // IMAGES
            clips.setdefault((int(match["person"]), camera), []).append(path.name)
    if not clips:
        raise DatasetError(f"expected images named like 0001001.png in {folder}, found none; {WHERE}")
    everybody = tracklet_set(Listed(*key, folder, clips[key]) for key in sorted(clips))
    return Dataset("cuhk01", SEEN, nobody(everybody), everybody, nobody(everybody))


SEEN = "CUHK01 (research use)"
WHERE = "ask the authors of Li et al., ACCV 2012: the Chinese University of Hong Kong gives it out"

DATASETS = {
    "cuhk01": DatasetEntry(
        title="CUHK01, a person's two images of a camera as one clip",
        layout="0001001.png to 0001004.png of each person, the first two of one camera",
        where=WHERE,
        licence="research use; respect the students' privacy",
        holds="971 persons, 1942 clips, 3884 images",
        read=read,
    )
}
