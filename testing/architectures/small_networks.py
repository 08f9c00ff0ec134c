"""The networks of the catalogue on shallow trunks and small images, with no parameter left at zero."""

from functools import partial

import torch
from torch import Tensor, nn

from reid_models.architectures.architecture import Architecture
from reid_models.architectures.backbones import Trunk, build_trunk, resnet_sides
from reid_models.architectures.catalogue import CATALOGUE
from reid_runtime.card import ClipSpec


def small_network(name: str, frames: int | None = None) -> nn.Module:
    """The network in eval mode, for clips of that many frames (by default as many as its small clip has).

    Layers that start at zero, to start as the identity, are given numbers: else nothing behind them would be seen.

    Raises:
        ValueError: if it cannot be built for such clips.
    """
    entry = CATALOGUE[name]
    torch.manual_seed(0)
    network = entry.build(small_trunk(entry), small_clip(name, frames)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():
                parameter.normal_(std=0.1)
    if entry.small_depths is None:
        _settle(network, clips_for(name, batch=2, frames=frames))
    return network


def small_trunk(entry: Architecture) -> Trunk:
    """A trunk that the network can stand on, as cheap as it allows: exporting a deep one takes torch ten seconds."""
    if entry.small_depths != "plain":
        return build_trunk(entry.trunk, depths=entry.small_depths)
    with torch.device("meta"):
        published = build_trunk(entry.trunk, depths=(1, 1, 1, 1))
    stages = []
    width = 3
    for wider, stride in zip(published.widths, (4, 1, 2, 2, entry.trunk.last_stride), strict=True):
        convolution = nn.Conv2d(width, wider, stride, stride=stride, bias=False)
        stages.append(nn.Sequential(convolution, nn.BatchNorm2d(wider), nn.ReLU()))
        width = wider
    sides = partial(resnet_sides, last_stride=entry.trunk.last_stride)
    return Trunk(stages, widths=published.widths, sides=sides, least_px=16 * entry.trunk.last_stride)


def _settle(network: nn.Module, clips: Tensor) -> None:
    """Lets every batch norm know its inputs; else all clips come out of a deep trunk of random weights the same."""
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]  # noqa: SLF001
    momentums = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        network.train()(clips)
    network.eval()
    for norm, momentum in zip(norms, momentums, strict=True):
        norm.momentum = momentum


def small_clip(name: str, frames: int | None = None) -> ClipSpec:
    """The clips that it takes."""
    clip = CATALOGUE[name].small_clip
    return ClipSpec(frames=clip.frames if frames is None else frames, height=clip.height, width=clip.width)


def clips_for(name: str, *, batch: int, frames: int | None = None, seed: int = 0) -> Tensor:
    """(B, T, 3, H, W) uint8, noise in which each clip has a brightness of its own."""
    spec = small_clip(name, frames)
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randint(0, 128, (batch, spec.frames, 3, spec.height, spec.width), generator=generator)
    return (noise + torch.randint(0, 128, (batch, 1, 3, 1, 1), generator=generator)).to(torch.uint8)
