"""From the maps of a clip's frames to one vector: mean, attention, recurrence (Gao and Nevatia; COSAM, section 3.3)."""

# B clips, T frames, C channels, H x W positions, D embedding, F width of a frame's feature

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from reid_models.architectures.features import Features
from reid_models.architectures.padding import mean_over_frames, softmax_over_frames, without_padding

Aggregation = Literal["mean", "attention", "recurrent"]
MIDDLE_WIDTH = 256
LSTM_WIDTH = 512


def build_aggregation(
    kind: Aggregation, width: int, map_size: tuple[int, int]
) -> "TemporalMean | TemporalAttention | Recurrent":
    """The layer (B, T, C, H, W) -> Features, for maps of that width, rows and columns. Its `width` is D."""
    match kind:
        case "mean":
            return TemporalMean(width)
        case "attention":
            return TemporalAttention(width, map_size)
        case "recurrent":
            return Recurrent(width)


class TemporalMean(nn.Module):
    """Mean over each map, then over the frames (TP); D = F = C, any T."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, maps_BTCHW: Tensor, present_BT: Tensor | None = None) -> Features:
        """(B, T, C, H, W) -> Features."""
        frames_BTF = maps_BTCHW.mean(dim=(3, 4))
        return Features(embedding=mean_over_frames(frames_BTF, present_BT), frames=frames_BTF)


class TemporalAttention(nn.Module):
    """Mean over each map, then a weighted sum over the frames (TA); D = F = C, any T.

    A frame's weight is made from its whole map: relu(convolution with a kernel as large as the map), relu(convolution
    of width 3 over time), softmax over the frames. The first is written as a linear layer over all numbers of a map,
    which is the same: as a convolution it would bring its 17 million weights into another order for every call.
    """

    def __init__(self, width: int, map_size: tuple[int, int], *, middle: int = MIDDLE_WIDTH) -> None:
        super().__init__()
        self.width = width
        self.map_size = map_size
        rows, columns = map_size
        self.map_linear = nn.Linear(width * rows * columns, middle)
        self.time_conv = nn.Conv1d(middle, 1, 3, padding=1)

    def forward(self, maps_BTCHW: Tensor, present_BT: Tensor | None = None) -> Features:
        """(B, T, C, H, W) -> Features.

        Raises:
            ValueError: if the maps have another size than the layer was built for.
        """
        if tuple(maps_BTCHW.shape[3:]) != self.map_size:
            raise ValueError(f"expected maps of {self.map_size}, found {tuple(maps_BTCHW.shape[3:])}")
        frames_BTF = maps_BTCHW.mean(dim=(3, 4))
        weights_BT = softmax_over_frames(self.scores(maps_BTCHW, present_BT).relu(), present_BT)
        embedding_BD = (weights_BT.unsqueeze(2) * frames_BTF).sum(dim=1)
        return Features(embedding=embedding_BD, frames=frames_BTF, frame_weights=weights_BT)

    def scores(self, maps_BTCHW: Tensor, present_BT: Tensor | None = None) -> Tensor:
        """(B, T, C, H, W) -> (B, T), before the last ReLU."""
        seen_BTM = F.relu(self.map_linear(maps_BTCHW.flatten(2)))
        scores_B1T: Tensor = self.time_conv(without_padding(seen_BTM, present_BT).transpose(1, 2))
        return scores_B1T.squeeze(1)


class Recurrent(nn.Module):
    """Mean over each map, an LSTM over the frames from a zero state, mean of all its outputs (RNN); F = C, any T."""

    def __init__(self, width: int, *, hidden: int = LSTM_WIDTH) -> None:
        super().__init__()
        self.width = hidden
        self.lstm = nn.LSTM(width, hidden, batch_first=True)

    def forward(self, maps_BTCHW: Tensor, present_BT: Tensor | None = None) -> Features:
        """(B, T, C, H, W) -> Features, D = hidden."""
        frames_BTF = maps_BTCHW.mean(dim=(3, 4))
        outputs_BTD: Tensor = self.lstm(frames_BTF)[0]
        return Features(embedding=mean_over_frames(outputs_BTD, present_BT), frames=frames_BTF)
