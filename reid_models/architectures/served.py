"""What is exported of a network: raw bytes in, embeddings out, as `reid_models.clip_encoder` feeds and reads it."""

# B clips, T frames, H x W pixels, D embedding

import torch.nn.functional as F
from torch import Tensor, nn

from reid_models.architectures.features import Features


class ServedNetwork(nn.Module):
    """A network behind the interface of serving: (B, T, H, W, 3) uint8 RGB -> (B, D) float, rows of length 1."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, clips: Tensor) -> Tensor:
        """Clips as serving cuts them -> embeddings."""
        features: Features = self.network(clips.permute(0, 1, 4, 2, 3))
        return F.normalize(features.embedding, dim=1)
