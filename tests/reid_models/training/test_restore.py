from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console

from reid_learning.checkpoint import FILE, CheckpointError, read_checkpoint
from reid_learning.loop import LoopParams
from reid_learning.recipes import kept
from reid_models.architectures.backbones import TrunkSpec
from reid_models.training.build import build_learner
from reid_models.training.feeds.tracklets import TrackletFeedParams
from reid_models.training.fit import Lesson, fit
from reid_models.training.learners.identity import IdentityObjective
from reid_models.training.recipe import NetworkParams, Recipe
from reid_models.training.recipes.catalogue import RECIPES
from reid_models.training.restore import ORIGIN, Origin, as_recipe, read_origin, recipe_of, restored, write_origin
from reid_models.training.sampling.batches import SamplerParams
from reid_runtime.card import ClipSpec
from testing.miniatures import dataset_on_disk


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_read_back_from_what_a_checkpoint_keeps(name: str) -> None:
    for stage in RECIPES[name]().stages:
        assert as_recipe(kept(stage.recipe)) == stage.recipe


def test_fields_that_recipes_do_not_have_are_one_line() -> None:
    fields = kept(RECIPES["gao-tp"]().stages[0].recipe)
    with pytest.raises(CheckpointError, match="colour was 'red', and recipes have no such field now"):
        as_recipe({**fields, "colour": "red"})
    with pytest.raises(CheckpointError, match=r"found network\.clip\.frames: .*greater than or equal to 1"):
        as_recipe({**fields, "network": {**fields["network"], "clip": {"frames": 0, "height": 8, "width": 4}}})


@pytest.mark.parametrize("head", ["linear", "neck"])
def test_a_run_gives_its_recipe_and_its_network_back(tmp_path: Path, head: str) -> None:
    data = dataset_on_disk(tmp_path / "data", learners=4)
    recipe = Recipe(
        paper="ours",
        network=NetworkParams("pooling-mean-resnet50", ClipSpec(2, 32, 16), trunk=TrunkSpec("compact")),
        loop=LoopParams(steps=1),
        feed=TrackletFeedParams(SamplerParams(persons=2, tracklets=2)),
        objective=IdentityObjective(head=head),  # type: ignore[arg-type]
    )
    fit(recipe, Lesson(data.train, (data.seen,)), tmp_path / "run", console=Console(quiet=True))
    checkpoint = read_checkpoint(tmp_path / "run" / FILE)
    assert recipe_of(checkpoint) == recipe
    # The file that the trunk began with is gone.
    later = replace(recipe, network=replace(recipe.network, weights="gone.pth"))
    average = build_learner(recipe, 4)
    average.load_state_dict(checkpoint.average)
    network = average.get_submodule("network").eval()
    clips = torch.randint(0, 255, (2, 2, 3, 32, 16), dtype=torch.uint8)
    with torch.inference_mode():
        expected = network(clips).embedding
        assert torch.equal(restored(later, checkpoint)(clips).embedding, expected)


def test_a_folder_says_how_it_was_asked_for(tmp_path: Path) -> None:
    assert read_origin(tmp_path) is None
    write_origin(Origin("gao-tp", "clips", "mars", 3), tmp_path)
    assert read_origin(tmp_path) == Origin("gao-tp", "clips", "mars", 3)
    (tmp_path / ORIGIN).write_text('{"recipe": "gao-tp"}')
    with pytest.raises(CheckpointError, match="expected recipe, stage, data and split, found stage: Field required"):
        read_origin(tmp_path)
