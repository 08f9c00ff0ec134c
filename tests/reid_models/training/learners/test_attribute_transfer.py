import pytest
import torch

from reid_models.architectures.attribute_transfer import AttributeTransfer
from reid_models.architectures.backbones import TrunkSpec, build_trunk
from reid_models.training.learners.attribute_transfer import TransferLearner, TransferObjective
from reid_models.training.learners.batch import Batch
from reid_models.training.tracklets import DatasetError

RATES = torch.tensor([0.5, 0.1, 0.9])


def learner(objective: TransferObjective = TransferObjective()) -> TransferLearner:  # noqa: B008  # frozen
    torch.manual_seed(0)
    network = AttributeTransfer(build_trunk(TrunkSpec("compact")), 3, feature_width=16)
    return TransferLearner(network, RATES, objective).train()


def batch(labels: torch.Tensor) -> Batch:
    generator = torch.Generator().manual_seed(0)
    clips = torch.randint(0, 256, (len(labels), 1, 3, 32, 16), generator=generator, dtype=torch.uint8)
    nobody = torch.zeros(len(labels), dtype=torch.int64)
    return Batch(clips, nobody, nobody, labels)


HALF = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [torch.nan] * 3, [torch.nan] * 3])


def test_attributes_are_learnt_from_those_who_have_labels_and_features_from_both() -> None:
    losses = learner()(batch(HALF))
    assert set(losses) == {"attributes", "mmd"}
    other = HALF.clone()
    other[0] = 1 - other[0]
    assert float(learner()(batch(other))["attributes"].detach()) != float(losses["attributes"].detach())
    alone = learner()(batch(HALF[:2]))
    assert set(alone) == {"attributes"}


def test_a_label_that_nobody_knows_counts_for_nothing() -> None:
    """With one answer known the loss is that answer's alone, however the network answers the others."""
    one_known = torch.tensor([[torch.nan, 1.0, torch.nan]])
    under_test = learner(TransferObjective(mmd=0.0, is_weighted=False))
    loss = under_test(batch(one_known))["attributes"]
    slope = torch.autograd.grad(loss, under_test.network.predict.weight)[0]
    assert slope[1].any()
    assert not slope[0].any()
    assert not slope[2].any()


def test_batches_without_labels_are_refused() -> None:
    with pytest.raises(DatasetError, match="expected tracklets with attributes in each batch, found none"):
        learner()(batch(HALF[2:]))
