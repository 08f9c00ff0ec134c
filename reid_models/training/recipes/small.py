"""Any paper's recipe at a size that two cores learn in twenty minutes, so that ideas are compared from one start."""

from dataclasses import replace

from reid_learning.optimisers import ScheduleParams
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
EACH = 2
"""Tracklets of a person in a batch, at most: 16 clips are then of 8 persons, among whom there is somebody alike."""
SCHEDULE = ScheduleParams("cosine", warmup=0.05)
"""In the place of the papers': rates that fall tenfold after a quarter of so few steps stop a run early."""
TRUNKS = tuple(f"network.{place}trunk." for place in ("", "frames.", "snippets.", "image.", "video.maps."))
"""Where networks have their trunks."""
FROZEN = tuple(f"{trunk}stage{number}" for trunk in TRUNKS for number in (1, 2))
FACTORS = tuple((stage, 0.0) for stage in FROZEN)
"""Before those of the recipe itself."""
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

    Losses, samplers, which frames, the paper's T (of 16 frames 8 are left) and its first rate stay; batches become
    smaller, a run shorter, and its rate a cosine. Made to begin with a trunk that `frames` has trained on other people
    (`fit NAME-small --begin-with`): its first two stages stay as they are, all else learns. Classifiers begin at their
    persons' features; at random, they are still guessing after hundreds of steps.

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
    optimiser = replace(recipe.loop.optimiser, factors=(*FACTORS, *recipe.loop.optimiser.factors))
    loop = replace(recipe.loop, steps=steps, save_every=50, max_norm=MAX_NORM, optimiser=optimiser, schedule=SCHEDULE)
    feed = recipe.feed
    if isinstance(feed, TrackletFeedParams):
        feed = replace(feed, sampler=_fewer(feed.sampler, clips))
    return replace(recipe, network=network, loop=loop, feed=feed, objective=objective, classifier="imprinted")


def _fewer(sampler: SamplerParams, clips: int) -> SamplerParams:
    """Fewer tracklets of each person, and fewer persons."""
    fewer = replace(sampler, tracklets=min(EACH, sampler.tracklets))
    return replace(fewer, persons=max(2, min(sampler.persons, clips // fewer.each)))
