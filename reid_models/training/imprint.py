"""Classifiers that begin where their persons' features lie, so that a short run does not spend itself on finding
them.

After Qi, Brown and Lowe, "Low-Shot Learning with Imprinted Weights", CVPR 2018: a class's weights are the mean
direction of its features. Here features are taken from their common mean, and the scale of the logits is the one under
which each clip, judged by the others of its person, has the lowest cross entropy.
"""

# N rows of features, D embedding, K identities

from collections import defaultdict
from collections.abc import Iterable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from reid_models.training.learners.batch import Batch

NOT_OURS = ("network.", "guider.")
SCALES = torch.logspace(-2, 3, 51)
"""Of logits, tried one by one; in units of one over the mean length of a feature."""


@torch.no_grad()
def imprint(learner: nn.Module, identities: int, batches: Iterable[Batch]) -> int:
    """Sets the weights and biases of a learner's linear classifiers; all else of it stays. Returns how many there were.

    Args:
        learner: of the kind whose call takes a batch; classifiers are its linear layers of K outputs, outside of the
            network and of STCnet's guider.
        identities: K.
        batches: that features are taken from; persons who are in none have logits of 0.
    """
    heads = {
        name: module
        for name, module in learner.named_modules()
        if isinstance(module, nn.Linear) and module.out_features == identities and not name.startswith(NOT_OURS)
    }
    rows: dict[str, list[Tensor]] = defaultdict(list)
    hooks = [module.register_forward_pre_hook(partial(_keep, rows[name])) for name, module in heads.items()]
    found: dict[str, list[tuple[Tensor, Tensor]]] = defaultdict(list)
    was = {name: buffer.clone() for name, buffer in learner.named_buffers()}
    learner.train()
    for batch in batches:
        learner(batch)
        for name, seen in rows.items():
            # One feature for each clip, or one for each of its frames.
            found[name].extend(
                (x_ND, batch.persons.repeat_interleave(len(x_ND) // len(batch.persons))) for x_ND in seen
            )
            seen.clear()
    for hook in hooks:
        hook.remove()
    for name, buffer in learner.named_buffers():
        buffer.copy_(was[name])
    for name, pairs in found.items():
        _set(heads[name], torch.cat([x_ND for x_ND, _ in pairs]), torch.cat([persons_N for _, persons_N in pairs]))
    return len(found)


def _keep(rows: list[Tensor], _module: nn.Module, inputs: tuple[Tensor]) -> None:
    rows.append(inputs[0].detach().float())


def _set(head: nn.Linear, x_ND: Tensor, persons_N: Tensor) -> None:
    centre_D = x_ND.mean(0)
    x_ND = x_ND - centre_D
    sums_KD = torch.zeros_like(head.weight, dtype=torch.float32).index_add_(0, persons_N, x_ND)
    directions_KD = functional.normalize(sums_KD)
    # Its own clip is taken out of a person's mean, or every clip would find itself.
    others_ND = functional.normalize(sums_KD[persons_N] - x_ND)
    logits_NK = x_ND @ directions_KD.T
    logits_NK.scatter_(1, persons_N[:, None], (x_ND * others_ND).sum(1, keepdim=True))
    unit = 1.0 / x_ND.norm(dim=1).mean().clamp_min(1e-9)
    losses = torch.stack([functional.cross_entropy(logits_NK * scale * unit, persons_N) for scale in SCALES])
    weights_KD = directions_KD * SCALES[losses.argmin()] * unit
    head.weight.copy_(weights_KD)
    if head.bias is not None:
        head.bias.copy_(-weights_KD @ centre_D)
