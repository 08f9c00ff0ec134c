"""COSAM: Subramaniam, Nambiar and Mittal, ICCV 2019, with the released code's hyper-parameters.

The paper says Adam with 1e-4, 60,000 iterations and x 0.1 every 15,000; the code 3e-4 (its help: 1e-4 for RNN) and 800
epochs with x 0.1 every 200, which on MARS are 62,400 and 15,600.
"""

from dataclasses import replace

from reid_models.architectures.backbones import TrunkSpec
from reid_models.training.plan import Plan, Stage
from reid_models.training.recipe import NetworkParams
from reid_models.training.recipes.common import FOUR_FRAMES, RESNET50
from reid_models.training.recipes.gao import gao

SE_RESNET50 = "se_resnet50-ce0d4300.pth"
"""Cadene's file, which the code takes too; it is not fetched: put it where the run starts, or say `--weights FILE`."""


def cosam(
    network: str = "cosam-mean-resnet50",
    *,
    row: str = "COSAM_4,5 TP on ResNet-50",
    rate: float = 3e-4,
    trunk: TrunkSpec = TrunkSpec("resnet50"),  # noqa: B008  # frozen
    weights: str = RESNET50,
) -> Plan:
    """COSAM after stages 4 and 5; all but network and size is as in Gao's code, on which it stands.

    Args:
        network: in the catalogue.
        row: of the paper's tables.
        rate: see the head of this file.
        trunk: last stride 1, but for attention 2, as the code has it.
        weights: of the trunk.
    """
    recipe = replace(
        gao(rate=rate).stages[0].recipe,
        paper="cosam",
        network=NetworkParams(network, FOUR_FRAMES, trunk=trunk, weights=weights),
    )
    return Plan(f"Subramaniam et al. 2019, {row}", (Stage("clips", recipe),))
