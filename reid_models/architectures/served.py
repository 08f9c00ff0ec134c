"""What is exported of a network: raw bytes in, embeddings out, as `reid_models.clip_encoder` feeds and reads it."""

# B clips, T frames, H x W pixels, D embedding

import torch.nn.functional as F
from torch import Tensor, nn

from reid_models.architectures.features import Features


class ServedNetwork(nn.Module):
    """A network behind the interface of serving: (B, T, H, W, 3) uint8 RGB -> (B, D) float, rows of length 1.

    With attention it yields what the network looked at as well, in the order of `Features.attention`.
    """

    def __init__(self, network: nn.Module, *, has_attention: bool = False) -> None:
        super().__init__()
        self.network = network
        self.has_attention = has_attention

    def forward(self, clips: Tensor, mask: Tensor | None = None) -> Tensor | tuple[Tensor, ...]:
        """Clips as serving cuts them, and (B, T) bool which of their frames are no padding -> embeddings, attention."""
        clips_BTCHW = clips.permute(0, 1, 4, 2, 3)
        features: Features = self.network(clips_BTCHW) if mask is None else self.network(clips_BTCHW, mask)
        embeddings = F.normalize(features.embedding, dim=1)
        if not self.has_attention:
            return embeddings
        return embeddings, *(one.values for one in features.attention())
