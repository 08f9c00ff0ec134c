from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reid_models.training.datasets.catalogue import read_dataset
from reid_models.training.datasets.simulated import Cut, SetParams, crops_of, render_crops
from reid_models.training.tracklets import DatasetError
from reid_simulation.output.crops import CropParams
from testing.simulation.capsule import capsule_man

STUDIO = CropParams(
    height=120, width=60, cameras=4, frame_width=320, frame_height=240, cut=0.0, loose=0.0, margin=1 / 6, spoilt=0.0
)
PARAMS = SetParams(cameras=3, crops=2, studio=replace(STUDIO, crowded=0.0))


def test_rendered_crops_of_a_person_and_camera_are_a_tracklet_without_mask_and_margin(tmp_path: Path) -> None:
    cuts: list[Cut] = list(crops_of(capsule_man, range(1, 11), PARAMS))
    render_crops(tmp_path, iter(cuts), PARAMS, most=1000)
    found = read_dataset("simulated", tmp_path)
    assert (len(np.unique(found.train.persons)), len(np.unique(found.query.persons)), len(found.gallery)) == (8, 2, 0)
    assert found.train.frame_count + found.query.frame_count == len(cuts)
    # Person 5 is the fifth.
    own = [cut for cut in cuts if cut.person == 5 and cut.camera == int(found.query.cameras[0])]
    frames = found.query.read(0, np.arange(len(own)))
    assert int(found.query.lengths[0]) == len(own)
    for frame, cut in zip(frames, own, strict=True):
        np.testing.assert_array_equal(frame, cut.crop[20:100, 10:50, :3])
    assert "simulated people" in found.seen


def test_a_folder_of_something_else_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"expected crops\.npy and labels\.npz"):
        read_dataset("simulated", tmp_path)
