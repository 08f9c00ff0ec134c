"""Random weights with which a network behaves as a trained one does: no layer is idle, and no number runs away.

As they are drawn, layers that start as the identity do nothing, and the numbers of a deep network grow from block to
block until half precision cannot hold them.
"""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

STD = 0.1
"""Of the numbers in the place of those that begin at 0."""


def enliven(network: nn.Module, clips: Tensor) -> None:
    """Replaces zeros, and tells each batch norm what it gets; leaves the network in eval mode.

    Args:
        network: as it was built.
        clips: two or more, as it takes them.
    """
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    momentums = [norm.momentum for norm in norms]
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():
                parameter.normal_(std=STD)
        for norm in norms:
            norm.momentum = 1.0
        network.train()(clips)
    for norm, momentum in zip(norms, momentums, strict=True):
        norm.momentum = momentum
    network.eval()
