"""The shipped encoder: trained from nothing, on simulated people alone."""

from reid_learning.loop import LoopParams
from reid_models.training.recipe import Recipe, Stage
from reid_runtime.card import ClipSpec

STEPS = 4000
"""Half an hour on one core."""


def compact(*, steps: int | None = None) -> Recipe:
    """Crops of 128x64, as cameras of a site show most people; `STEPS` where nobody says how many."""
    return Recipe(
        network="compact-stripes-ibn",
        clip=ClipSpec(frames=8, height=128, width=64),
        stages=(Stage(0.35, 64, 32), Stage(0.85, 96, 48), Stage(1.0, 128, 64)),
        loop=LoopParams(steps=steps or STEPS, rate=1.5e-3, warmup=100, save_every=50),
    )
