import torch

from reid_models.architectures.heads import linear_head, neck_head


def test_a_start_near_zero_gives_every_identity_the_same_chance() -> None:
    logits = linear_head(64, 10, std=0.001)(torch.randn(5, 64))
    assert logits.shape == (5, 10)
    assert logits.abs().max() < 0.1


def test_a_neck_drops_out_in_training_only() -> None:
    torch.manual_seed(0)
    head = neck_head(64, 10)
    features = torch.randn(5, 64)
    assert not torch.equal(head(features), head(features))
    assert torch.equal(head.eval()(features), head(features))
