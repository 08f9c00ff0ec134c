"""A trunk trained on single frames: the one start from which ideas about clips are compared on a small machine.

Ours, from known parts: ImageNet weights that come by pip, a neck (Luo et al., "Bag of Tricks", CVPRW 2019),
label-smoothed cross entropy and batch-hard triplets, crops of 128 x 64.
"""

from reid_learning.loop import LoopParams
from reid_learning.optimisers import OptimiserParams, ScheduleParams
from reid_models.architectures.backbones import TrunkSpec
from reid_models.architectures.weights import PACKAGE
from reid_models.training.clip_augment import ClipAugmentParams
from reid_models.training.feeds.tracklets import TrackletFeedParams
from reid_models.training.learners.identity import IdentityObjective
from reid_models.training.plan import Plan, Stage
from reid_models.training.recipe import NetworkParams, Recipe, TestParams
from reid_models.training.sampling.batches import SamplerParams
from reid_models.training.sampling.test_clips import TestClips
from reid_runtime.card import ClipSpec

STEPS = 700


def frames() -> Plan:
    """16 persons, 4 frames of each, from different cameras."""
    clips = TestClips("consecutive", 4)
    recipe = Recipe(
        paper="ours",
        network=NetworkParams(
            "pooling-neck-se-resnet50",
            ClipSpec(frames=1, height=128, width=64),
            trunk=TrunkSpec("efficientnet_lite0"),
            weights=PACKAGE,
        ),
        loop=LoopParams(
            steps=STEPS,
            optimiser=OptimiserParams("adam", rate=5e-4, decay=5e-4),
            schedule=ScheduleParams("cosine", warmup=0.1),
            save_every=50,
        ),
        feed=TrackletFeedParams(
            sampler=SamplerParams("identities", persons=16, tracklets=4, by_camera=True),
            rule="anywhere",
            augment=ClipAugmentParams(translate=0.5, erase=0.3, jitter=0.15),
        ),
        objective=IdentityObjective(),
        test=TestParams(query=clips, gallery=clips),
    )
    return Plan("single frames, EfficientNet-lite0 from ImageNet", (Stage("frames", recipe),))
