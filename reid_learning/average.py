"""The moving average of a network's weights: less noisy than the last step's, and what is exported."""

import copy

import torch
from torch import nn


class Average:
    """An exponential moving average of all floating-point state, running statistics included.

    Attributes:
        network: a copy of the network, in eval mode, with the averaged numbers.
    """

    def __init__(self, network: nn.Module, *, decay: float) -> None:
        """Takes what is averaged.

        Args:
            network: copied as it is.
            decay: how much of the average stays at each step; fewer steps are looked back on while there are few.
        """
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Takes in the network after a step, from 0."""
        decay = min(self._decay, (1 + step) / (10 + step))
        own = self.network.state_dict()
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                own[name].lerp_(value, 1 - decay)
            else:
                own[name].copy_(value)
