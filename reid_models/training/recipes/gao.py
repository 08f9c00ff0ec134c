"""Gao and Nevatia, "Revisiting Temporal Modeling for Video-based Person ReID", 2018: TP, TA, RNN and single images.

Hyper-parameters of the released code, with its own size and the original last stride of 2.
"""

from reid_learning.optimisers import OptimiserParams
from reid_models.architectures.backbones import TrunkSpec
from reid_models.training.clip_augment import ClipAugmentParams
from reid_models.training.feeds.tracklets import TrackletFeedParams
from reid_models.training.learners.identity import IdentityObjective
from reid_models.training.plan import Plan, Stage
from reid_models.training.recipe import NetworkParams, Recipe, TestParams
from reid_models.training.recipes.common import FOUR_IN_A_ROW, RESNET50, falling, steps_of_persons
from reid_models.training.sampling.batches import SamplerParams
from reid_models.training.sampling.test_clips import TestClips
from reid_runtime.card import ClipSpec

EPOCHS = 800


def gao(network: str = "pooling-mean-resnet50", *, rate: float = 3e-4, frames: int = 4, row: str = "TP") -> Plan:
    """The common set-up of all its networks.

    Args:
        network: in the catalogue.
        rate: 3e-4; 1e-4 for the recurrent one.
        frames: T; 1 for single images.
        row: of the paper's table.
    """
    clips = FOUR_IN_A_ROW if frames > 1 else TestClips("dense", 32, weigh="frames")
    recipe = Recipe(
        paper="gao",
        network=NetworkParams(
            network,
            ClipSpec(frames=frames, height=224, width=112),
            trunk=TrunkSpec("resnet50", last_stride=2),
            weights=RESNET50,
        ),
        # 800 epochs, x 0.1 every 200.
        loop=falling(
            steps_of_persons(EPOCHS, 8), OptimiserParams("adam", rate=rate, decay=5e-4), milestones=(0.25, 0.5, 0.75)
        ),
        feed=TrackletFeedParams(
            sampler=SamplerParams("identities", persons=8, tracklets=4),
            rule="consecutive",
            augment=ClipAugmentParams(flip=0.5, translate=0.5, per="frame"),
        ),
        objective=IdentityObjective(smoothing=0.1, triplet=1.0, margin=0.3),
        test=TestParams(query=clips, gallery=clips, protocol="gao", distance="euclidean"),
    )
    return Plan(f"Gao and Nevatia 2018, {row} on ResNet-50", (Stage("clips", recipe),))
