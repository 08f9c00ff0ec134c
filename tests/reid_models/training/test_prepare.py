from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from reid_learning.machine import Machine
from reid_models.architectures.backbones import TrunkSpec, build_trunk
from reid_models.architectures.stcnet.locator import OcclusionLocator
from reid_models.training.fit import Lesson, fit
from reid_models.training.learners.attribute_transfer import TransferObjective
from reid_models.training.learners.attributes import AttributeObjective
from reid_models.training.prepare import clear, prepare
from reid_models.training.recipe import NetworkParams
from reid_models.training.sampling.batches import SamplerParams
from reid_models.training.stores import joined
from reid_models.training.tracklets import Dataset, DatasetError
from reid_runtime.card import ClipSpec
from testing.miniatures import dataset_on_disk, people_on_disk
from testing.small_recipe import RECIPE

COMPACT = TrunkSpec("compact")
LABELS = ("Hat", "Backpack")


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    return dataset_on_disk(tmp_path / "data", learners=4, asked=2)


def test_a_network_of_attributes_labels_each_person_alike(data: Dataset, tmp_path: Path) -> None:
    others = people_on_disk(tmp_path / "others", persons=4, seed=3)
    labels = np.random.default_rng(0).integers(0, 2, (4, 2)).astype(np.float32)[others.persons]
    source = replace(others, attributes=labels, attribute_names=LABELS)
    recipe = replace(
        RECIPE,
        network=NetworkParams("attribute-transfer", ClipSpec(1, 32, 16), trunk=COMPACT, attributes=LABELS),
        feed=replace(RECIPE.feed, sampler=SamplerParams("halves", persons=4)),
        objective=TransferObjective(),
    )
    stage = tmp_path / "transfer"
    fit(recipe, Lesson(joined(source, data.train), ("both",)), stage, console=Console(quiet=True))
    prepared = prepare(data, stage, replace(RECIPE, objective=AttributeObjective()), machine=Machine()).train
    assert prepared.attribute_names == LABELS
    assert prepared.attributes is not None
    assert set(np.unique(prepared.attributes)) <= {0.0, 1.0}
    for person in np.unique(prepared.persons):
        assert len(np.unique(prepared.attributes[prepared.persons == person], axis=0)) == 1


def test_frames_that_something_hides_are_left_away_and_nobody_is_missing(data: Dataset, tmp_path: Path) -> None:
    torch.manual_seed(0)
    locator = OcclusionLocator(build_trunk(COMPACT), tau=-1.0).eval()
    every = clear(data.train, locator, (32, 16), Machine(), tmp_path / "every.npy")
    assert every.frame_count == data.train.frame_count
    strict = OcclusionLocator(locator.trunk, tau=2.0).eval()
    none = clear(data.train, strict, (32, 16), Machine(), tmp_path / "none.npy")
    assert none.frame_count == data.train.frame_count, "of a person without a clear frame all are kept"
    clip = torch.from_numpy(np.stack(data.train.read(0, np.arange(5)))).permute(0, 3, 1, 2)
    with torch.inference_mode():
        tau = float(locator(clip[None]).scores[0].amin(dim=1).median())
    some = clear(
        data.train, OcclusionLocator(locator.trunk, tau=tau).eval(), (32, 16), Machine(), tmp_path / "some.npy"
    )
    assert 0 < some.frame_count < data.train.frame_count
    assert set(some.persons.tolist()) == set(data.train.persons.tolist())


def test_a_stage_that_prepares_nothing_is_refused(data: Dataset, tmp_path: Path) -> None:
    fit(RECIPE, Lesson(data.train, ("people",)), tmp_path / "run", console=Console(quiet=True))
    with pytest.raises(DatasetError, match=r"expected .*run to label people or to complete frames"):
        prepare(data, tmp_path / "run", RECIPE, machine=Machine())
