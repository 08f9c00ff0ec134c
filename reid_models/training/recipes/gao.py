"""Gao and Nevatia, "Revisiting Temporal Modeling for Video-based Person ReID", 2018: TP, TA, RNN and single images.

Hyper-parameters of the released code: docs of the paper's table stand in `results`.
"""

from reid_learning.loop import LoopParams
from reid_learning.optimisers import OptimiserParams, ScheduleParams
from reid_models.architectures.backbones import TrunkSpec
from reid_models.training.clip_augment import ClipAugmentParams
from reid_models.training.feeds.tracklets import TrackletFeedParams
from reid_models.training.learners.identity import IdentityObjective
from reid_models.training.plan import Plan, Stage
from reid_models.training.recipe import NetworkParams, Recipe, TestParams
from reid_models.training.sampling.batches import SamplerParams
from reid_models.training.sampling.test_clips import TestClips
from reid_runtime.card import ClipSpec

STEPS = 62_400
"""800 epochs of 78 batches: MARS has 625 persons, and a batch 8 of them."""


def gao(network: str = "pooling-mean-resnet50", *, rate: float = 3e-4) -> Plan:
    """The common set-up of all its networks.

    Args:
        network: in the catalogue.
        rate: 3e-4; 1e-4 for the recurrent one.
    """
    recipe = Recipe(
        paper="gao",
        # The original last stride of 2, and frames of 224 x 112.
        network=NetworkParams(
            network,
            ClipSpec(frames=4, height=224, width=112),
            trunk=TrunkSpec("resnet50", last_stride=2),
            weights="ResNet50_Weights.IMAGENET1K_V1",
        ),
        loop=LoopParams(
            steps=STEPS,
            optimiser=OptimiserParams("adam", rate=rate, decay=5e-4, decays_norms=True),
            # Every 200 of 800 epochs.
            schedule=ScheduleParams("steps", milestones=(0.25, 0.5, 0.75), factor=0.1),
            average=0.0,
            max_norm=None,
        ),
        feed=TrackletFeedParams(
            sampler=SamplerParams("identities", persons=8, tracklets=4),
            rule="consecutive",
            augment=ClipAugmentParams(flip=0.5, translate=0.5, per="frame"),
        ),
        objective=IdentityObjective(smoothing=0.1, triplet=1.0, margin=0.3),
        test=TestParams(
            query=TestClips("consecutive", 4),
            gallery=TestClips("consecutive", 4),
            protocol="gao",
            distance="euclidean",
        ),
    )
    return Plan("Gao and Nevatia 2018, TP on ResNet-50", (Stage("clips", recipe),))
