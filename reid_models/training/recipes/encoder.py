"""The shipped encoder: EfficientNet-lite0 from ImageNet, trained on simulated people alone.

The body is `compact`'s (pooled whole and in stripes, a neck), the trunk a published one. No instance norm: in a trunk
that has learnt without, it takes away what the weights were made for, and a short run does not get it back. Persons are
drawn at random; batches of those who look alike to the network so far (the sampler `graph`) were not tried at this
rate. What each choice brings, `python -m benchmarks.accuracy.encoder_levers` measures.
"""

from reid_learning.effects import EffectParams
from reid_learning.loop import LoopParams
from reid_learning.optimisers import OptimiserParams, ScheduleParams
from reid_models.architectures.backbones import TrunkSpec
from reid_models.architectures.weights import PACKAGE
from reid_models.training.augment import AugmentParams
from reid_models.training.feeds.crops import CropFeedParams, Size
from reid_models.training.learners.identity import IdentityObjective
from reid_models.training.plan import Plan, Stage
from reid_models.training.recipe import NetworkParams, Recipe, TestParams
from reid_models.training.sampling.batches import SamplerParams
from reid_models.training.sampling.test_clips import TestClips
from reid_runtime.card import ClipSpec

STEPS = 3600
AUGMENT = AugmentParams(wild=0.06, swap=0.4, effects=EffectParams(light=0.25, gain=0.25, cast=0.08))
"""Nearer to what cameras and detectors do than that of `compact`: a trunk that has seen photographs need not be told by
alien colours that colours are not all."""


def encoder() -> Plan:
    """16 persons, 4 crops of each from different cameras; all pairs of a batch teach, its hardest triplets a little."""
    clips = TestClips("spread", 8)
    recipe = Recipe(
        paper="ours",
        network=NetworkParams(
            "compact-stripes-ibn",
            ClipSpec(frames=8, height=128, width=64),
            trunk=TrunkSpec("efficientnet_lite0"),
            weights=PACKAGE,
        ),
        loop=LoopParams(
            steps=STEPS,
            optimiser=OptimiserParams("adam", rate=2e-3, decay=5e-4),
            schedule=ScheduleParams("cosine", warmup=0.1),
            save_every=50,
        ),
        feed=CropFeedParams(
            sizes=(Size(0.65, 96, 48), Size(1.0, 128, 64)),
            sampler=SamplerParams("identities", persons=16, tracklets=4, by_camera=True),
            augment=AUGMENT,
        ),
        objective=IdentityObjective(triplet=0.1, contrast=1.0),
        classifier="imprinted",
        test=TestParams(query=clips, gallery=clips),
    )
    return Plan("the shipped encoder, from ImageNet", (Stage("crops", recipe),))
