"""A recipe that a processor runs in a second: the compact trunk on clips of two small frames."""

from reid_learning.loop import LoopParams
from reid_learning.optimisers import OptimiserParams, ScheduleParams
from reid_models.architectures.backbones import TrunkSpec
from reid_models.training.clip_augment import ClipAugmentParams
from reid_models.training.feeds.tracklets import TrackletFeedParams
from reid_models.training.learners.identity import IdentityObjective
from reid_models.training.recipe import NetworkParams, Recipe, TestParams
from reid_models.training.sampling.batches import SamplerParams
from reid_models.training.sampling.test_clips import TestClips
from reid_runtime.card import ClipSpec

ONE_CLIP = TestClips("spread", 2)
RECIPE = Recipe(
    paper="ours",
    network=NetworkParams("pooling-mean-resnet50", ClipSpec(2, 32, 16), trunk=TrunkSpec("compact")),
    loop=LoopParams(
        steps=8, optimiser=OptimiserParams("adam", rate=2e-3), schedule=ScheduleParams(warmup=0.25), save_every=3
    ),
    feed=TrackletFeedParams(SamplerParams(persons=4, tracklets=2), augment=ClipAugmentParams(translate=0.5)),
    objective=IdentityObjective(),
    test=TestParams(ONE_CLIP, ONE_CLIP),
)
