"""Attribute-driven: Zhao, Shen, Jin, Lu and Hua, CVPR 2019, and where its labels come from.

Not given there and chosen here: momentum 0.9, weight decay 5e-4, the schedule of the transfer (the same), and the
frames of a test clip (the first of each chunk). Its test crops the middle of 288 x 144; ours takes the whole frame.
"""

from dataclasses import replace

from reid_learning.optimisers import OptimiserParams
from reid_models.architectures.backbones import TrunkSpec
from reid_models.training.clip_augment import ClipAugmentParams
from reid_models.training.feeds.tracklets import TrackletFeedParams
from reid_models.training.learners.attribute_transfer import TransferObjective
from reid_models.training.learners.attributes import AttributeObjective
from reid_models.training.plan import Plan, Stage
from reid_models.training.recipe import NetworkParams, Recipe, TestParams
from reid_models.training.recipes.common import RESNET18, falling, steps_of_tracklets
from reid_models.training.sampling.batches import SamplerParams
from reid_models.training.sampling.clips import Rule
from reid_models.training.sampling.test_clips import TestClips
from reid_runtime.card import ClipSpec

CHUNKS = TestClips("chunk-starts", 8)
DISENTANGLED = AttributeObjective()
PLAIN = AttributeObjective(disentangles=False, sigma=None)
BASELINE = AttributeObjective(attributes=0.0, disentangles=False, sigma=None)
IMAGE = ClipSpec(frames=1, height=256, width=128)


def attributes(objective: AttributeObjective = DISENTANGLED, *, row: str = "row F") -> Plan:
    """With labels that the data set has; rows A (`BASELINE`), B (`PLAIN`) and F of the ablation.

    32 clips of one frame of each of 8 chunks; SGD with 0.05, / 10 every 40 of 100 epochs; 288 x 144, cut to 256 x 128.
    """
    return Plan(f"Zhao et al. 2019, {row} on ResNet-18", (Stage("clips", _clips(objective)),))


def transferred() -> Plan:
    """Labels by transfer first: from the set of the first `--data`, which has them, to that of the second."""
    labels = Stage("transfer", _transfer())
    clips = Stage("clips", _clips(DISENTANGLED), prepared_by="transfer")
    return Plan("Zhao et al. 2019, row F on ResNet-18, labels by transfer", (labels, clips))


def _clips(objective: AttributeObjective) -> Recipe:
    return Recipe(
        paper="attributes",
        network=NetworkParams("attributes-resnet18", ClipSpec(frames=8, height=256, width=128), weights=RESNET18),
        loop=falling(
            steps_of_tracklets(100, 32),
            OptimiserParams("sgd", rate=0.05, decay=5e-4, is_nesterov=False),
            milestones=(0.4, 0.8),
        ),
        feed=_feed("chunks", SamplerParams("shuffled", persons=32)),
        objective=objective,
        test=TestParams(query=CHUNKS, gallery=CHUNKS, protocol="mars"),
    )


def _feed(rule: Rule, sampler: SamplerParams) -> TrackletFeedParams:
    return TrackletFeedParams(sampler=sampler, rule=rule, augment=ClipAugmentParams(flip=0.5, crop=(9, 9)))


def _transfer() -> Recipe:
    recipe = _clips(DISENTANGLED)
    return replace(
        recipe,
        network=NetworkParams(
            "attribute-transfer", IMAGE, trunk=TrunkSpec("resnet18", last_stride=2), weights=RESNET18
        ),
        feed=_feed("anywhere", SamplerParams("halves", persons=32)),
        objective=TransferObjective(),
    )
