"""Identity classifiers: what training puts on top of a network, and serving leaves away."""

# B clips, D embedding, K identities

from collections import OrderedDict

from torch import nn


def linear_head(width: int, identities: int, *, std: float | None = None) -> nn.Linear:
    """(B, D) -> (B, K) logits.

    Args:
        width: D.
        identities: K.
        std: of the weights at the start, with bias 0 (TKP, AP3D: 0.001); None leaves PyTorch's own start (COSAM, Gao).
    """
    head = nn.Linear(width, identities)
    if std is not None:
        nn.init.normal_(head.weight, std=std)
        nn.init.zeros_(head.bias)
    return head


def neck_head(width: int, identities: int, *, dropout: float = 0.5, std: float | None = 0.001) -> nn.Sequential:
    """(B, D) -> (B, K) logits by batch norm, ReLU, dropout and a linear layer (GLTR, M3D)."""
    layers = OrderedDict[str, nn.Module](
        norm=nn.BatchNorm1d(width),
        relu=nn.ReLU(),
        dropout=nn.Dropout(dropout),
        linear=linear_head(width, identities, std=std),
    )
    return nn.Sequential(layers)
