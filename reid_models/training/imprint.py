"""Classifiers that begin where their persons' features lie, so that a short run does not spend itself on finding
them.

After Qi, Brown and Lowe, "Low-Shot Learning with Imprinted Weights", CVPR 2018: a class's weights are the mean
direction of its features. Here features are taken from their common mean, and the scale of the logits is the one under
which each clip, judged by what other batches show of all persons, has the lowest cross entropy: clips of one batch
share the statistics of its norms, and a person is found among them more easily than in any batch to come.
"""

# N rows of features, D embedding, K identities

from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from reid_models.training.learners.batch import Batch

NOT_OURS = ("network.", "guider.")
SCALES = torch.logspace(-2, 3, 51)
"""Of logits, tried one by one; in units of one over the mean length of a feature."""
SMOOTHING = 0.1
"""Of labels, as most recipes have it: such a loss does not bear logits as large as plain cross entropy likes."""


class _Seen(NamedTuple):
    """What a batch gave to a classifier: (N, D) features, and whose they are."""

    features: Tensor
    persons: Tensor


@torch.no_grad()
def imprint(learner: nn.Module, identities: int, batches: Iterable[Batch]) -> int:
    """Sets the weights and biases of a learner's linear classifiers; all else of it stays. Returns how many there were.

    Args:
        learner: of the kind whose call takes a batch; classifiers are its linear layers of K outputs, outside of the
            network and of STCnet's guider.
        identities: K.
        batches: that features are taken from; persons who are in none have logits of 0. The scale is found from those
            who are in two or more.
    """
    heads = {
        name: module
        for name, module in learner.named_modules()
        if isinstance(module, nn.Linear) and module.out_features == identities and not name.startswith(NOT_OURS)
    }
    rows: dict[str, list[Tensor]] = defaultdict(list)
    hooks = [module.register_forward_pre_hook(partial(_keep, rows[name])) for name, module in heads.items()]
    found: dict[str, list[_Seen]] = defaultdict(list)
    was = {name: buffer.clone() for name, buffer in learner.named_buffers()}
    learner.train()
    for batch in batches:
        learner(batch)
        for name, seen in rows.items():
            found[name].append(_Seen(torch.cat(seen), torch.cat([_whose(x_ND, batch) for x_ND in seen])))
            seen.clear()
    for hook in hooks:
        hook.remove()
    for name, buffer in learner.named_buffers():
        buffer.copy_(was[name])
    for name, of_batches in found.items():
        _set(heads[name], of_batches)
    return len(found)


def _whose(x_ND: Tensor, batch: Batch) -> Tensor:
    """Of one feature for each clip, or one for each of its frames: a head may be called with both."""
    return batch.persons.repeat_interleave(len(x_ND) // len(batch.persons))


def _keep(rows: list[Tensor], _module: nn.Module, inputs: tuple[Tensor]) -> None:
    rows.append(inputs[0].detach().float())


def _set(head: nn.Linear, seen: list[_Seen]) -> None:
    centre_D = torch.cat([batch.features for batch in seen]).mean(0)
    seen = [_Seen(batch.features - centre_D, batch.persons) for batch in seen]
    sums_BKD = [
        torch.zeros_like(head.weight, dtype=torch.float32).index_add_(0, batch.persons, batch.features)
        for batch in seen
    ]
    sums_KD = torch.stack(sums_BKD).sum(0)
    unit = 1.0 / torch.cat([batch.features.norm(dim=1) for batch in seen]).mean().clamp_min(1e-9)
    weights_KD = functional.normalize(sums_KD) * _scale(seen, sums_BKD, sums_KD, unit) * unit
    head.weight.copy_(weights_KD)
    if head.bias is not None:
        head.bias.copy_(-weights_KD @ centre_D)


def _scale(seen: list[_Seen], sums_BKD: list[Tensor], sums_KD: Tensor, unit: Tensor) -> Tensor:
    """The best for clips of persons who are in other batches as well; where nobody is, the one that says least."""
    losses = torch.zeros_like(SCALES)
    for batch, own_KD in zip(seen, sums_BKD, strict=True):
        others_KD = functional.normalize(sums_KD - own_KD)
        known_N = others_KD[batch.persons].any(1)
        logits_NK = batch.features[known_N] @ others_KD.T
        persons_N = batch.persons[known_N]
        losses += torch.stack([_surprise(logits_NK * scale * unit, persons_N) for scale in SCALES])
    return SCALES[losses.argmin()]


def _surprise(logits_NK: Tensor, persons_N: Tensor) -> Tensor:
    return functional.cross_entropy(logits_NK, persons_N, label_smoothing=SMOOTHING, reduction="sum")
