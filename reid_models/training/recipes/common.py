"""What the papers' recipes have in common: how large MARS is, where trunks begin, how an epoch becomes steps."""

from dataclasses import replace

from reid_learning.loop import LoopParams
from reid_learning.optimisers import OptimiserParams, ScheduleParams
from reid_models.training.sampling.test_clips import TestClips
from reid_runtime.card import ClipSpec

MARS_PERSONS, MARS_TRACKLETS = 625, 8298
"""To learn from."""
RESNET50 = "ResNet50_Weights.IMAGENET1K_V1"
RESNET18 = "ResNet18_Weights.IMAGENET1K_V1"
FOUR_FRAMES = ClipSpec(frames=4, height=256, width=128)
FOUR_IN_A_ROW = TestClips("consecutive", 4)
"""COSAM, Gao."""
DENSE = TestClips("dense", 32, weigh="frames")
"""All frames, 32 at a time (TKP, AP3D; VRSTC is of the same laboratory)."""


def steps_of_persons(epochs: int, persons: int) -> int:
    """Where an epoch sees each person of MARS once."""
    return epochs * (MARS_PERSONS // persons)


def steps_of_tracklets(epochs: int, batch: int) -> int:
    """Where an epoch sees each tracklet of MARS once."""
    return epochs * (MARS_TRACKLETS // batch)


def falling(
    steps: int, optimiser: OptimiserParams, *, milestones: tuple[float, ...], factor: float = 0.1
) -> LoopParams:
    """The loop of the papers: rates fall in steps, the last weights are tested, gradients are taken as they are.

    Args:
        steps: of the whole run.
        optimiser: see there; its decay is of norms and biases too, as torch does where nobody says otherwise.
        milestones: shares of the run.
        factor: of the rate at each.
    """
    return LoopParams(
        steps=steps,
        optimiser=replace(optimiser, decays_norms=True),
        schedule=ScheduleParams("steps", milestones=milestones, factor=factor),
        average=0.0,
        max_norm=None,
    )
