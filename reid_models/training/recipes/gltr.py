"""GLTR: Li, Wang, Tian, Gao and Zhang, ICCV 2019, in its two stages, with the paper's hyper-parameters.

What the paper leaves open is taken from the released code: momentum 0.9, weight decay 5e-4, the head, no augmentation
at all, and that the frame network goes on learning in the second stage, at the same rate.
"""

from dataclasses import replace

from reid_learning.optimisers import OptimiserParams
from reid_models.training.clip_augment import ClipAugmentParams
from reid_models.training.feeds.tracklets import TrackletFeedParams
from reid_models.training.learners.identity import IdentityObjective
from reid_models.training.plan import Plan, Stage
from reid_models.training.recipe import NetworkParams, Recipe, TestParams
from reid_models.training.recipes.common import RESNET50, falling, steps_of_tracklets
from reid_models.training.sampling.batches import SamplerParams
from reid_models.training.sampling.clips import Rule
from reid_models.training.sampling.test_clips import TestClips
from reid_runtime.card import ClipSpec

BASELINE = "gltr-baseline-resnet50"
WHOLE = TestClips("whole", 16)
SGD = OptimiserParams("sgd", rate=0.01, decay=5e-4, momentum=0.9, is_nesterov=False)
MARS_FRAMES = 509_914
"""To learn from."""


def gltr(network: str | None = "gltr-paper-resnet50", *, row: str = "GLTR") -> Plan:
    """Frames first, then what looks at clips.

    Args:
        network: of the second stage; None: there is none, which is the baseline.
        row: of the paper's table 2.
    """
    later = () if network is None else (Stage("clips", _clips(network), after="frames"),)
    return Plan(f"Li et al. 2019, {row} on ResNet-50", (Stage("frames", _frames()), *later))


def _frames() -> Recipe:
    """128 images, rate 0.01, / 10 after 10 of 20 epochs.

    An image is a random frame of a random tracklet, so long tracklets do not count for more than short ones.
    """
    return Recipe(
        paper="gltr",
        network=NetworkParams(BASELINE, ClipSpec(frames=1, height=256, width=128), weights=RESNET50),
        loop=falling(20 * (MARS_FRAMES // 128), SGD, milestones=(0.5,)),
        feed=_feed("anywhere", 128),
        objective=IdentityObjective(head="neck", smoothing=0.0, triplet=0.0),
        # Features of length 1, Euclidean, which ranks as the cosine does.
        test=TestParams(query=WHOLE, gallery=WHOLE, protocol="mars", distance="cosine"),
    )


def _clips(network: str) -> Recipe:
    """10 clips of 16 adjacent frames, rate 0.01, / 10 every 120 of 400 epochs."""
    first = _frames()
    return replace(
        first,
        network=NetworkParams(network, ClipSpec(frames=16, height=256, width=128), weights=RESNET50),
        loop=falling(steps_of_tracklets(400, 10), SGD, milestones=(0.3, 0.6, 0.9)),
        feed=_feed("adjacent", 10),
    )


def _feed(rule: Rule, batch: int) -> TrackletFeedParams:
    return TrackletFeedParams(
        sampler=SamplerParams("shuffled", persons=batch), rule=rule, augment=ClipAugmentParams(flip=0.0)
    )
