"""A small encoder from random weights, for single crops of simulated people."""

from reid_learning.loop import LoopParams
from reid_learning.optimisers import OptimiserParams, ScheduleParams
from reid_models.training.feeds.crops import CropFeedParams, Size
from reid_models.training.learners.identity import IdentityObjective
from reid_models.training.recipe import NetworkParams, Recipe, TestParams
from reid_models.training.sampling.test_clips import TestClips
from reid_runtime.card import ClipSpec

STEPS = 4000
"""Half an hour on one core."""
WARMUP_STEPS = 100


def compact(*, steps: int | None = None) -> Recipe:
    """Crops of 128x64, as cameras of a site show most people; `STEPS` where nobody says how many."""
    steps = steps or STEPS
    return Recipe(
        paper="ours",
        network=NetworkParams("compact-stripes-ibn", ClipSpec(frames=8, height=128, width=64)),
        feed=CropFeedParams(sizes=(Size(0.35, 64, 32), Size(0.85, 96, 48), Size(1.0, 128, 64))),
        objective=IdentityObjective(smoothing=0.1, triplet=0.5, margin=0.3, contrast=1.0, temperature=0.1),
        loop=LoopParams(
            steps=steps,
            optimiser=OptimiserParams("adamw", rate=1.5e-3, decay=0.02),
            schedule=ScheduleParams("cosine", warmup=min(0.5, WARMUP_STEPS / steps)),
            save_every=50,
        ),
        test=TestParams(query=TestClips("spread", 8), gallery=TestClips("spread", 8)),
    )
