"""The non-local block (Wang, Girshick, Gupta, He, "Non-local Neural Networks", CVPR 2018): TKP, VRSTC, GLTR's TSA."""

# B clips, C channels, I inner channels, N positions of the query, M positions of the keys

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reid_models.architectures.padding import mean_over_frames


class NonLocalBlock(nn.Module):
    """Every position of a clip sees all others: z = x + W(softmax(theta(x)^T phi(x)) g(x)), equations 2, 4 and 6.

    Embedded Gaussian, no scaling of the logits: one fused attention over all positions of all frames. A position is
    whatever lies behind the channels: a frame in (B, C, T), a pixel of a map in (B, C, T, H, W). The last layer starts
    at zero, so the block starts as the identity; gradients reach the others after its first step.

    `theta`, `phi`, `g` and `out` are 1x1 convolutions with bias. Two forms:
    - as TKP's and GLTR's code have it (`branch_norm=False`): batch norm after `out` only, its gamma and beta 0.
    - as GLTR's paper has it (`branch_norm=True`, its section 3.3): batch norm and ReLU after theta and phi; none after
      `out`, whose weight and bias are 0.
    """

    def __init__(
        self,
        width: int,
        *,
        inner: int | None = None,
        pool: tuple[int, int, int] | None = None,
        branch_norm: bool = False,
    ) -> None:
        """Builds the block, as the identity.

        Args:
            width: C.
            inner: I; half of the width if None.
            pool: window and stride, in (T, H, W), by which keys and values are max-pooled; a last row or column that
                fills no window is dropped. For inputs (B, C, T, H, W) only.
            branch_norm: which of the two forms.
        """
        super().__init__()
        inner = width // 2 if inner is None else inner
        self.pool = pool
        self.theta = _embedding(width, inner, normed=branch_norm)
        self.phi = _embedding(width, inner, normed=branch_norm)
        self.g = nn.Conv1d(width, inner, 1)
        self.out = nn.Conv1d(inner, width, 1)
        self.norm = nn.Identity() if branch_norm else nn.BatchNorm1d(width)
        last = self.out if branch_norm else self.norm
        for parameter in last.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, present_BT: Tensor | None = None) -> Tensor:
        """(B, C, T, ...) -> the same shape; nobody looks at frames that are not present, see `padding`."""
        x_BCN = x.flatten(2)
        queries_BIN = self.theta(x_BCN)
        keys_BIM = self._pooled(self.phi(x_BCN), x)
        values_BIM = self._pooled(self.g(x_BCN), x)
        mixed_BNI = F.scaled_dot_product_attention(
            _one_head(queries_BIN),
            _one_head(keys_BIM),
            _one_head(values_BIM),
            attn_mask=None if present_BT is None else _of_keys(present_BT, keys_BIM)[:, None, None],
            scale=1.0,
        ).squeeze(1)
        added_BCN: Tensor = self.norm(self.out(mixed_BNI.transpose(1, 2)))
        return x + added_BCN.reshape(x.shape)

    def looked_at(self, x: Tensor, present_BT: Tensor | None = None) -> Tensor:
        """(B, C, T) -> (B, T): how much each frame is looked at, the mean over all that look; 1 in all."""
        logits_BTT = self.theta(x).transpose(1, 2) @ self.phi(x)
        if present_BT is not None:
            logits_BTT = torch.where(present_BT.unsqueeze(1), logits_BTT, -torch.inf)
        return mean_over_frames(logits_BTT.softmax(dim=2), present_BT)

    def _pooled(self, embedded_BIN: Tensor, x: Tensor) -> Tensor:
        """(B, I, N) -> (B, I, M); `x` knows the axes behind N."""
        if self.pool is None:
            return embedded_BIN
        if any(side < window for side, window in zip(x.shape[2:], self.pool, strict=True)):
            raise ValueError(
                f"expected maps (T, H, W) of at least {self.pool}, which keys and values are pooled by, found "
                f"{tuple(x.shape[2:])}: the frames are too small"
            )
        return F.max_pool3d(embedded_BIN.unflatten(2, x.shape[2:]), self.pool).flatten(2)


def _of_keys(present_BT: Tensor, keys_BIM: Tensor) -> Tensor:
    """(B, M): of the positions of all frames, one frame after the other, which are present."""
    positions = keys_BIM.shape[2] // present_BT.shape[1]
    return present_BT.unsqueeze(2).expand(-1, -1, positions).flatten(1)


def _one_head(embedded_BIN: Tensor) -> Tensor:
    """(B, I, N) -> (B, 1, N, I): the fused kernels and the exporter want an axis for the heads.

    The copy costs less than the attention loses over rows that do not lie side by side.
    """
    return embedded_BIN.transpose(1, 2).unsqueeze(1).contiguous()


def _embedding(width: int, inner: int, *, normed: bool) -> nn.Module:
    convolution = nn.Conv1d(width, inner, 1)
    if not normed:
        return convolution
    return nn.Sequential(convolution, nn.BatchNorm1d(inner), nn.ReLU())
