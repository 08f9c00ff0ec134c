from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from reid_learning.machine import Machine
from reid_models.architectures.features import Features
from reid_models.training.evaluation.ask import ask
from reid_models.training.evaluation.describe import describe
from reid_models.training.recipe import TestParams
from reid_models.training.sampling.test_clips import TestClips
from reid_models.training.tracklets import DatasetError
from reid_runtime.card import ClipSpec
from testing.miniatures import dataset_on_disk, people_on_disk

SPEC = ClipSpec(frames=2, height=8, width=4)
ALL_FRAMES = TestClips("whole", 0)


class Colours(nn.Module):
    """Knows people by the mean colour of the upper and of the lower half of their clips (B, T, C, H, W)."""

    def forward(self, clips: Tensor) -> Features:
        upper, lower = clips.float().chunk(2, dim=3)
        return Features(embedding=torch.cat([half.mean(dim=(1, 3, 4)) for half in (upper, lower)], dim=1))


class Spoilt(nn.Module):
    def forward(self, clips: Tensor) -> Features:
        return Features(embedding=torch.full((len(clips), 2), torch.nan))


def test_each_tracklet_has_the_mean_of_its_clips(tmp_path: Path) -> None:
    people = people_on_disk(tmp_path, persons=3, frames=5)
    whole = describe(Colours(), people, ALL_FRAMES, SPEC)
    assert whole.shape == (6, 6)
    by_frames = describe(Colours(), people, TestClips("dense", 2, weigh="frames"), SPEC)
    np.testing.assert_allclose(by_frames, whole, rtol=1e-4)
    # Clips of 2, 2 and 1 frames that count the same give the last frame more than its share.
    by_clips = describe(Colours(), people, TestClips("dense", 2), SPEC)
    last = describe(Colours(), people, TestClips("dense", 1), SPEC)
    assert np.abs(by_clips - last).max() > 1e-3


def test_tracklets_of_any_length_stay_in_their_rows(tmp_path: Path) -> None:
    people = people_on_disk(tmp_path, persons=4, frames=9)
    people = replace(people, lengths=np.array([9, 1, 4, 2, 7, 3, 5, 8]))
    together = describe(Colours(), people, TestClips("dense", 4), SPEC)
    for row in range(len(people)):
        alone = describe(Colours(), people.some(np.array([row])), TestClips("dense", 4), SPEC)
        np.testing.assert_allclose(together[row], alone[0], rtol=1e-5)


def test_a_network_that_learns_goes_on_learning(tmp_path: Path) -> None:
    people = people_on_disk(tmp_path, persons=2)
    for network in (Colours().train(), Colours().eval()):
        mode = network.training
        describe(network, people, ALL_FRAMES, SPEC)
        assert network.training is mode


def test_half_precision_and_an_observer_change_little(tmp_path: Path) -> None:
    people = people_on_disk(tmp_path, persons=2)
    counts: list[int] = []
    half = describe(Colours(), people, ALL_FRAMES, SPEC, machine=Machine(precision="bf16"), observer=counts.append)
    np.testing.assert_allclose(half, describe(Colours(), people, ALL_FRAMES, SPEC), rtol=0.02)
    assert sum(counts) == 4


def test_a_network_that_gives_no_numbers_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="found none that are finite of 4 of 4"):
        describe(Spoilt(), people_on_disk(tmp_path, persons=2), ALL_FRAMES, SPEC)


def test_nobody_has_no_rows(tmp_path: Path) -> None:
    people = people_on_disk(tmp_path, persons=1).some(np.zeros(0, np.int64))
    assert describe(Colours(), people, ALL_FRAMES, SPEC).shape == (0, 0)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("protocol", ["mars", "gao"])
def test_people_who_are_told_apart_are_found(tmp_path: Path, protocol: str, distance: str) -> None:
    data = dataset_on_disk(tmp_path)
    test = TestParams(ALL_FRAMES, ALL_FRAMES, protocol=protocol, distance=distance)  # type: ignore[arg-type]
    found = ask(Colours(), data, test, SPEC)
    assert found.found_within(1) == 1.0
    assert found.queries == 6


def test_a_query_image_is_looked_for_among_videos(tmp_path: Path) -> None:
    data = dataset_on_disk(tmp_path)
    test = TestParams(TestClips("first", 1), TestClips("dense", 2, weigh="frames"), protocol="tkp")
    assert ask(Colours(), data, test, SPEC).found_within(1) == 1.0


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    people = people_on_disk(tmp_path, persons=2)
    gone = next(tmp_path.glob("*.png"))
    gone.unlink()
    with pytest.raises(DatasetError, match=rf"expected an image at .*{gone.name}, found nothing"):
        describe(Colours(), people, ALL_FRAMES, SPEC)
