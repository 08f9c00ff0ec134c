"""All pairs of a batch at once."""

# B rows, D embedding

import torch
import torch.nn.functional as F
from torch import Tensor


def supervised_contrast(embeddings_BD: Tensor, persons_B: Tensor, *, temperature: float) -> Tensor:
    """How little of a row's similarity, as a softmax over all others, falls on those of its person.

    Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020, equation 2: mean over the rows of the mean over the
    others of the same person of -log softmax of the cosine. All pairs of the batch teach at once, from the first step,
    where the hardest alone would draw all embeddings together. A row without a second of its person is left out.

    Args:
        embeddings_BD: brought to length 1 here.
        persons_B: who each row is.
        temperature: smaller ones look at the nearest only.
    """
    units_BD = F.normalize(embeddings_BD.float(), dim=1)
    is_self_BB = torch.eye(len(persons_B), dtype=torch.bool, device=persons_B.device)
    logits_BB = (units_BD @ units_BD.T / temperature).masked_fill(is_self_BB, -torch.inf)
    same_BB = (persons_B[:, None] == persons_B[None, :]) & ~is_self_BB
    log_share_BB = logits_BB.log_softmax(dim=1).masked_fill(~same_BB, 0.0)
    counts_B = same_BB.sum(dim=1)
    mean_B = -log_share_BB.sum(dim=1) / counts_B.clamp(min=1)
    return mean_B.sum() / (counts_B > 0).sum().clamp(min=1)
