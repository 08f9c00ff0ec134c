"""One recipe of today's known parts, to lay the papers beside; ours.

A neck (Luo et al., CVPRW 2019), batches of look-alikes (Liao and Shao, CVPR 2022) from as many cameras as there are,
random erasing, warm-up and cosine, averaged weights.
"""

from reid_learning.loop import LoopParams
from reid_learning.optimisers import OptimiserParams, ScheduleParams
from reid_models.architectures.backbones import TrunkSpec
from reid_models.training.clip_augment import ClipAugmentParams
from reid_models.training.feeds.tracklets import TrackletFeedParams
from reid_models.training.learners.identity import IdentityObjective
from reid_models.training.plan import Plan, Stage
from reid_models.training.recipe import NetworkParams, Recipe, TestParams
from reid_models.training.recipes.common import RESNET50, steps_of_tracklets
from reid_models.training.sampling.batches import SamplerParams
from reid_models.training.sampling.test_clips import TestClips
from reid_runtime.card import ClipSpec


def modern() -> Plan:
    """16 persons x 4 clips of 4 frames from anywhere in the tracklet, 120 epochs."""
    clips = TestClips("dense", 32, weigh="frames")
    recipe = Recipe(
        paper="modern",
        network=NetworkParams(
            "pooling-neck-se-resnet50",
            ClipSpec(frames=4, height=256, width=128),
            trunk=TrunkSpec("resnet50"),
            weights=RESNET50,
        ),
        loop=LoopParams(
            steps=steps_of_tracklets(120, 64),
            optimiser=OptimiserParams("adamw", rate=3.5e-4, decay=5e-4),
            schedule=ScheduleParams("cosine", warmup=0.1),
        ),
        feed=TrackletFeedParams(
            sampler=SamplerParams("graph", persons=16, tracklets=4, by_camera=True),
            rule="anywhere",
            augment=ClipAugmentParams(translate=0.5, erase=0.5, jitter=0.15),
        ),
        objective=IdentityObjective(smoothing=0.1, triplet=1.0, margin=0.3),
        test=TestParams(query=clips, gallery=clips, protocol="mars"),
    )
    return Plan("known parts of today on ResNet-50", (Stage("clips", recipe),))
