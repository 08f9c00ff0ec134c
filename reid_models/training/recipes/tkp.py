"""TKP: Gu, Ma, Chang, Shan and Chen, ICCV 2019, image to video; the rows of table 2.

Hyper-parameters as paper and released code have them (they agree); the margin is the code's.
"""

from reid_learning.optimisers import OptimiserParams
from reid_models.architectures.tkp import Matching
from reid_models.training.clip_augment import ClipAugmentParams
from reid_models.training.feeds.tracklets import TrackletFeedParams
from reid_models.training.learners.tkp import PropagationObjective
from reid_models.training.plan import Plan, Stage
from reid_models.training.recipe import NetworkParams, Recipe, TestParams
from reid_models.training.recipes.common import DENSE, FOUR_FRAMES, RESNET50, falling
from reid_models.training.sampling.batches import SamplerParams
from reid_models.training.sampling.test_clips import TestClips

STEPS_PER_EPOCH = 470
"""Of MARS: each person's tracklets in whole groups of 4 are 1883 groups, 4 in a batch."""
FIRST_FRAME = TestClips("first", 1)


def tkp(
    *,
    features: float = 1.0,
    distances: float = 1.0,
    matching: Matching = "image_to_video",
    row: str = "TKP",
) -> Plan:
    """150 epochs of 16 clips of 4 frames; Adam with 3e-4, x 0.1 at 60 and 120.

    Args:
        features, distances: weights of L^F and L^D.
        matching: what is asked afterwards.
        row: of the paper's table 2.
    """
    is_image = {"query": matching != "video_to_video", "gallery": matching == "image_to_image"}
    recipe = Recipe(
        paper="tkp",
        network=NetworkParams("tkp-video-resnet50", FOUR_FRAMES, weights=RESNET50),
        loop=falling(
            150 * STEPS_PER_EPOCH, OptimiserParams("adam", rate=3e-4, decay=5e-4), milestones=(60 / 150, 120 / 150)
        ),
        feed=TrackletFeedParams(
            sampler=SamplerParams("tracklets", persons=4, tracklets=4),
            rule="strided",
            augment=ClipAugmentParams(flip=0.5, interpolation="bicubic"),
        ),
        objective=PropagationObjective(margin=0.3, features=features, distances=distances),
        test=TestParams(
            query=FIRST_FRAME if is_image["query"] else DENSE,
            gallery=FIRST_FRAME if is_image["gallery"] else DENSE,
            protocol="mars",
            matching=matching,
        ),
    )
    return Plan(f"Gu et al. 2019, {row}", (Stage("clips", recipe),))
