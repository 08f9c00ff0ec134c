"""Any paper's recipe at a size that two cores learn in twenty minutes, so that ideas are compared from one start."""

from dataclasses import replace

from reid_models.architectures.backbones import TrunkSpec
from reid_models.architectures.weights import PACKAGE, PACKAGES
from reid_models.training.feeds.tracklets import TrackletFeedParams
from reid_models.training.learners.completion import CompletionObjective
from reid_models.training.plan import Plan
from reid_models.training.recipe import Recipe
from reid_models.training.sampling.batches import SamplerParams
from reid_runtime.card import ClipSpec

HEIGHT, WIDTH = 128, 64
TRUNK = TrunkSpec("efficientnet_lite0")
STEPS = 600
CLIPS = 16
FRAMES = 8
"""At most: GLTR's 16 are cut."""
MAX_NORM = 10.0
"""Of gradients: rates that were found for large batches throw a small one off now and then."""
CHANNELS = (16, 32, 64)
"""Of STCnet."""


def small(
    plan: Plan,
    *,
    trunk: TrunkSpec = TRUNK,
    steps: int = STEPS,
    clips: int = CLIPS,
    height: int = HEIGHT,
    width: int = WIDTH,
) -> Plan:
    """The plan on crops of 128 x 64 and a small trunk.

    Losses, samplers, which frames, rates, and the paper's T stay (of 16 frames 8 are left); persons of a batch become
    fewer, and a run shorter, its milestones at the same shares. Classifiers begin at their persons' features: at random
    the papers' rates bring them nowhere in hundreds of steps, and their loss stays that of guessing. Most make sense
    only if they begin with a trunk that `frames` has trained: `fit NAME-small --begin-with`.

    Args:
        plan: of a paper.
        trunk: under every network.
        steps: of each stage.
        clips: in a batch, at most.
        height, width: of the crops, pixels.
    """
    return plan.mapped(lambda recipe: _small(recipe, trunk, steps, clips, height, width))


def _small(recipe: Recipe, trunk: TrunkSpec, steps: int, clips: int, height: int, width: int) -> Recipe:
    weights = PACKAGE if trunk.kind in PACKAGES else None
    frames = min(FRAMES, recipe.network.clip.frames)
    network = replace(recipe.network, clip=ClipSpec(frames, height, width), trunk=trunk, weights=weights)
    objective = recipe.objective
    if isinstance(objective, CompletionObjective):
        objective = replace(objective, guider=(height, width), channels=CHANNELS)
    loop = replace(recipe.loop, steps=steps, save_every=50, max_norm=MAX_NORM)
    feed = recipe.feed
    if isinstance(feed, TrackletFeedParams):
        feed = replace(feed, sampler=_fewer(feed.sampler, clips))
    return replace(recipe, network=network, loop=loop, feed=feed, objective=objective, classifier="imprinted")


def _fewer(sampler: SamplerParams, clips: int) -> SamplerParams:
    """Fewer persons, as many tracklets of each."""
    return replace(sampler, persons=max(2, min(sampler.persons, clips // sampler.each)))
