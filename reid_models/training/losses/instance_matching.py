"""OIM: each row against a table of what every person looked like last.

Xiao, Li, Wang, Lin and Wang, "Joint Detection and Identification Feature Learning for Person Search", CVPR 2017,
section 3.3, without the queue of strangers, which a re-ID set has none of. CSA takes it for each frame.
"""

# M rows, D embedding, K identities

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class InstanceMatching(nn.Module):
    """Softmax over the cosines with the table's rows, times a scalar: (M, D), persons (M,) -> a scalar.

    The table has no gradient. In training mode each look moves the rows of those who were seen towards their mean, and
    brings them to length 1; the published code does so row by row, in the order of the batch.
    """

    table: Tensor

    def __init__(self, width: int, identities: int, *, scalar: float = 30.0, momentum: float = 0.5) -> None:
        """An empty table.

        Args:
            width: D.
            identities: K.
            scalar: of the cosines, the inverse of a temperature.
            momentum: share of a row that stays when its person is seen.
        """
        super().__init__()
        self.scalar = scalar
        self.momentum = momentum
        self.register_buffer("table", torch.zeros(identities, width))

    def forward(self, rows_MD: Tensor, persons_M: Tensor) -> Tensor:
        """The loss; rows need not be of length 1."""
        units_MD = F.normalize(rows_MD.float(), dim=1)
        loss = F.cross_entropy(self.scalar * units_MD @ self.table.clone().T, persons_M)
        if self.training:
            self._remember(units_MD.detach(), persons_M)
        return loss

    @torch.no_grad()
    def _remember(self, units_MD: Tensor, persons_M: Tensor) -> None:
        seen_P, row_M, counts_P = persons_M.unique(return_inverse=True, return_counts=True)
        sums_PD = units_MD.new_zeros(len(seen_P), units_MD.shape[1]).index_add(0, row_M, units_MD)
        mixed_PD = self.momentum * self.table[seen_P] + (1 - self.momentum) * sums_PD / counts_P[:, None]
        self.table[seen_P] = F.normalize(mixed_PD, dim=1)
