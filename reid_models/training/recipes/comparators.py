"""What the five papers compare themselves with: CSA, STMP, M3D, STA and AP3D.

Of CSA, STMP, M3D and AP3D the hyper-parameters are the released codes', of STA ours: the authors released none. What is
not known of a code is said where it stands.
"""

from dataclasses import replace

from reid_learning.optimisers import OptimiserParams
from reid_models.architectures.backbones import TrunkSpec
from reid_models.training.clip_augment import ClipAugmentParams
from reid_models.training.feeds.tracklets import TrackletFeedParams
from reid_models.training.learners.identity import IdentityObjective
from reid_models.training.learners.pairs import PairObjective
from reid_models.training.plan import Plan, Stage
from reid_models.training.recipe import NetworkParams, Recipe, TestParams
from reid_models.training.recipes.common import (
    DENSE,
    FOUR_FRAMES,
    FOUR_IN_A_ROW,
    RESNET50,
    falling,
    steps_of_persons,
    steps_of_tracklets,
)
from reid_models.training.sampling.batches import SamplerParams
from reid_models.training.sampling.test_clips import TestClips
from reid_runtime.card import ClipSpec

EIGHT_FRAMES = ClipSpec(frames=8, height=256, width=128)
UNCHANGED = ClipAugmentParams(flip=0.0)


def csa(*, has_flow: bool = False, row: str = "colours alone") -> Plan:
    """Snippets of 8 frames that start every 4; SGD with Nesterov, 1e-3; OIM and 100 times the pairs.

    Not known and chosen: 16 persons x 2 snippets, 60 epochs of all tracklets with x 0.1 after 40.
    """
    snippets = TestClips("snippets", 8)
    recipe = Recipe(
        paper="csa",
        network=NetworkParams("csa-resnet50", EIGHT_FRAMES, weights=RESNET50),
        loop=falling(steps_of_tracklets(60, 32), OptimiserParams("sgd", rate=1e-3, decay=5e-4), milestones=(2 / 3,)),
        feed=TrackletFeedParams(
            sampler=SamplerParams("identities", persons=16, tracklets=2),
            rule="snippet",
            augment=ClipAugmentParams(flip=0.5, erase=0.5),
        ),
        objective=PairObjective(has_flow=has_flow),
        test=TestParams(query=snippets, gallery=snippets, protocol="mars", distance="pairs"),
    )
    return Plan(f"Chen et al. 2018, {row}, on ResNet-50", (Stage("clips", recipe),))


def stmp() -> Plan:
    """10 persons x 2 clips of 8 frames of 299 x 299; SGD with Nesterov, 0.01, a tenth of it for the trunk; 900 epochs.

    Not known and chosen: which 8 frames (in a row), and that the rate stays.
    """
    eight = TestClips("consecutive", 8)
    optimiser = OptimiserParams("sgd", rate=0.01, decay=5e-4, factors=(("network.trunk.", 0.1),))
    recipe = Recipe(
        paper="stmp",
        network=NetworkParams(
            "stmp-inception-v3",
            ClipSpec(frames=8, height=299, width=299),
            weights="Inception_V3_Weights.IMAGENET1K_V1",
        ),
        loop=falling(steps_of_persons(900, 10), optimiser, milestones=()),
        feed=TrackletFeedParams(
            sampler=SamplerParams("identities", persons=10, tracklets=2), rule="consecutive", augment=UNCHANGED
        ),
        objective=IdentityObjective(smoothing=0.0, triplet=1.0, margin=0.4, parts=1.0, middle=1.0),
        test=TestParams(query=eight, gallery=eight, protocol="mars"),
    )
    return Plan("Liu et al. 2019, STMP on Inception-v3", (Stage("clips", recipe),))


def m3d(network: str = "m3d-streams-resnet50", *, row: str = "both streams") -> Plan:
    """20 clips of 8 adjacent frames; SGD, 0.01 and ten times that for all but the trunk; x 0.1 every 200 of 500 epochs.

    Cross entropy alone, for each stream, behind batch norm, ReLU and dropout. The code trains the streams apart; here
    they share their batches and nothing else.
    """
    eight = TestClips("consecutive", 8)
    trunks = tuple((f"network.{where}trunk.", 0.1) for where in ("", "spatial.", "temporal."))
    optimiser = OptimiserParams("sgd", rate=0.1, decay=5e-4, is_nesterov=False, factors=trunks)
    recipe = Recipe(
        paper="m3d",
        network=NetworkParams(network, EIGHT_FRAMES, weights=RESNET50),
        loop=falling(steps_of_tracklets(500, 20), optimiser, milestones=(0.4, 0.8)),
        feed=TrackletFeedParams(sampler=SamplerParams("shuffled", persons=20), rule="adjacent", augment=UNCHANGED),
        objective=IdentityObjective(
            head="neck", on="streams" if "streams" in network else "clips", smoothing=0.0, triplet=0.0
        ),
        test=TestParams(query=eight, gallery=eight, protocol="mars"),
    )
    return Plan(f"Li, Zhang and Huang 2019, M3D, {row}, on ResNet-50", (Stage("clips", recipe),))


def sta() -> Plan:
    """Cross entropy, triplets and the regulariser between frames, in AP3D's loop; all of it ours, see the head."""
    recipe = replace(
        _appearance("sta-resnet50", (0.25, 0.5, 0.75)),
        paper="sta",
        objective=IdentityObjective(smoothing=0.0, triplet=1.0, margin=0.3, inter_frame=0.1),
        test=TestParams(query=FOUR_IN_A_ROW, gallery=FOUR_IN_A_ROW, protocol="mars"),
    )
    return Plan("Fu et al. 2019, STA on ResNet-50", (Stage("clips", recipe),))


def ap3d() -> Plan:
    """8 persons x 4 clips of 4 frames, every eighth; cross entropy and triplets by cosine.

    Adam with 3e-4, 240 epochs with x 0.1 at 60, 120 and 180.
    """
    recipe = _appearance("ap3d-resnet50", (0.25, 0.5, 0.75))
    return Plan("Gu et al. 2020, AP3D on ResNet-50", (Stage("clips", recipe),))


def _appearance(network: str, milestones: tuple[float, ...]) -> Recipe:
    return Recipe(
        paper="ap3d",
        network=NetworkParams(network, FOUR_FRAMES, trunk=TrunkSpec("resnet50"), weights=RESNET50),
        loop=falling(
            steps_of_tracklets(240, 32), OptimiserParams("adam", rate=3e-4, decay=5e-4), milestones=milestones
        ),
        feed=TrackletFeedParams(
            sampler=SamplerParams("tracklets", persons=8, tracklets=4),
            rule="strided",
            augment=ClipAugmentParams(flip=0.5),
        ),
        objective=IdentityObjective(smoothing=0.0, triplet=1.0, margin=0.3, distance="cosine"),
        test=TestParams(query=DENSE, gallery=DENSE, protocol="ap3d"),
    )
