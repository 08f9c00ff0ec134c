"""What judges STCnet's frames while it learns: are they real, and is it still the same person?"""

# N frames, H x W pixels, K identities

from typing import Self

import torch.nn.functional as F
from torch import Tensor, nn

from reid_models.architectures.backbones import Trunk

WIDTHS = (64, 128, 256, 512, 512, 512)
GUIDER_SIZE = (256, 128)


class Discriminator(nn.Module):
    """Real or completed: (N, 3, H, W) in [0, 1] -> (N,) logits; their sigmoid is the probability of being real.

    Six 3x3 convolutions with stride 2 and a linear layer, built like DCGAN's: batch norm after all but the first, leaky
    ReLU, weights from N(0, 0.02). The paper has two: a global one for whole frames, and a local one for the completed
    part (`part_windows`). The widths are ours.
    """

    def __init__(self, height: int, width: int, *, widths: tuple[int, ...] = WIDTHS) -> None:
        """For images of that size.

        Args:
            height: H.
            width: W.
            widths: channels after each convolution.
        """
        super().__init__()
        layers: list[nn.Module] = []
        for index, (width_in, width_out) in enumerate(zip((3, *widths), widths, strict=False)):
            layers.append(nn.Conv2d(width_in, width_out, 3, stride=2, padding=1, bias=index == 0))
            layers += [nn.BatchNorm2d(width_out)] if index else []
            layers.append(nn.LeakyReLU(0.2))
        shrinkage = 2 ** len(widths)
        positions = -(-height // shrinkage) * -(-width // shrinkage)
        self.size = (height, width)
        self.layers = nn.Sequential(*layers)
        self.judge = nn.Linear(widths[-1] * positions, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.normal_(module.weight, std=0.02)

    def forward(self, frames_NCHW: Tensor) -> Tensor:
        """Images -> logits.

        Raises:
            ValueError: if the images have another size than it was built for.
        """
        if tuple(frames_NCHW.shape[2:]) != self.size:
            raise ValueError(f"expected images of {self.size} pixels, found {tuple(frames_NCHW.shape[2:])}")
        seen: Tensor = self.layers(2 * frames_NCHW - 1)
        logits_N1: Tensor = self.judge(seen.flatten(1))
        return logits_N1.squeeze(1)


class IdGuider(nn.Module):
    """Who it is: (N, 3, H, W) in [0, 1] -> (N, K) logits, by a network that has learnt it beforehand.

    The paper's is ResNet-50 with last stride 1 and its identity classifier. Its weights are frozen and it stays in eval
    mode, whatever is asked of it; gradients pass through it to the frames. Ours: frames are brought to the size that
    the network has learnt on.
    """

    def __init__(self, trunk: Trunk, classifier: nn.Module, *, size: tuple[int, int] = GUIDER_SIZE) -> None:
        """Takes, and freezes, a trained trunk and the classifier on the mean of its maps.

        Args:
            trunk: the frame network.
            classifier: (N, trunk's width) -> (N, K) logits.
            size: H and W of the frames that they have learnt on.
        """
        super().__init__()
        self.trunk = trunk
        self.classifier = classifier
        self.size = size
        self.requires_grad_(requires_grad=False)
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Stays in eval mode."""
        return super().train(mode=False)

    def forward(self, frames_NCHW: Tensor) -> Tensor:
        """Frames -> logits."""
        resized = F.interpolate(frames_NCHW, self.size, mode="bilinear")
        maps_NCHW: Tensor = self.trunk(self.trunk.frames(resized.unsqueeze(1)))
        logits: Tensor = self.classifier(maps_NCHW.mean(dim=(2, 3)))
        return logits
