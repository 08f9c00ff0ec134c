"""VRSTC: Hou, Ma, Chang, Gu, Shan and Chen, CVPR 2019: a guider, a network that completes frames, a re-ID network.

Not given there and chosen here: of STCnet how many steps (50,000) and clips (32) and Adam's betas (torch's); of the
re-ID network the sampler (any tracklets) and which four frames (any, in order).
"""

from dataclasses import replace

from reid_learning.loop import LoopParams
from reid_learning.optimisers import OptimiserParams, ScheduleParams
from reid_models.architectures.backbones import TrunkSpec
from reid_models.architectures.stcnet.tracklet import SIZE
from reid_models.training.clip_augment import ClipAugmentParams
from reid_models.training.feeds.tracklets import TrackletFeedParams
from reid_models.training.learners.completion import CompletionObjective
from reid_models.training.learners.identity import IdentityObjective
from reid_models.training.plan import Plan, Stage
from reid_models.training.recipe import NetworkParams, Recipe, TestParams
from reid_models.training.recipes.common import DENSE, FOUR_FRAMES, RESNET50, falling, steps_of_tracklets
from reid_models.training.sampling.batches import SamplerParams
from reid_models.training.sampling.clips import Rule
from reid_runtime.card import ClipSpec

COMPLETION_STEPS = 50_000
BASELINE = "pooling-mean-resnet50"
NON_LOCAL = "vrstc-resnet50"


def baseline(network: str = BASELINE, *, row: str = "baseline") -> Plan:
    """32 clips of 4 frames, cross entropy alone; Adam with 3e-4, x 0.1 every 50 of 150 epochs.

    Args:
        network: with or without non-local blocks.
        row: of the paper's table.
    """
    return Plan(f"Hou et al. 2019, {row} on ResNet-50", (Stage("guider", _reid(network)),))


def vrstc(*, row: str = "STCnet") -> Plan:
    """The baseline as guider; STCnet on the frames that nothing hides; then the set is completed, and learnt from."""
    return Plan(
        f"Hou et al. 2019, {row} on ResNet-50",
        (
            Stage("guider", _reid(BASELINE)),
            Stage("stcnet", _stcnet(), after="guider", prepared_by="guider"),
            Stage("clips", _reid(NON_LOCAL), prepared_by="stcnet"),
        ),
    )


def _reid(network: str) -> Recipe:
    return Recipe(
        paper="vrstc",
        network=NetworkParams(network, FOUR_FRAMES, trunk=TrunkSpec("resnet50"), weights=RESNET50),
        loop=falling(
            steps_of_tracklets(150, 32), OptimiserParams("adam", rate=3e-4, decay=5e-4), milestones=(1 / 3, 2 / 3)
        ),
        feed=_feed("anywhere"),
        objective=IdentityObjective(smoothing=0.0, triplet=0.0),
        test=TestParams(query=DENSE, gallery=DENSE, protocol="mars"),
    )


def _feed(rule: Rule) -> TrackletFeedParams:
    return TrackletFeedParams(
        sampler=SamplerParams("shuffled", persons=32), rule=rule, augment=ClipAugmentParams(flip=0.5)
    )


def _stcnet() -> Recipe:
    """Clips of three frames: the one before, the one to complete, the one after."""
    recipe = _reid(BASELINE)
    height, width = SIZE
    return replace(
        recipe,
        network=replace(recipe.network, name="stcnet", clip=ClipSpec(3, height, width)),
        loop=LoopParams(
            steps=COMPLETION_STEPS,
            optimiser=OptimiserParams("adam", rate=1e-4, decay=0.0),
            schedule=ScheduleParams("constant"),
            average=0.0,
            max_norm=None,
        ),
        feed=_feed("adjacent"),
        objective=CompletionObjective(),
    )
