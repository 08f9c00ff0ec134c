import pytest
import torch

from reid_models.training.losses.triplet import batch_hard_triplet

LINE = torch.tensor([[0.0], [1.0], [3.0], [7.0]])


def test_the_triplet_loss_is_the_one_worked_out_by_hand() -> None:
    """Two persons at 0, 1 and 3, 7. Farthest own: 1, 1, 4, 4; nearest other: 3, 2, 2, 6."""
    loss = batch_hard_triplet(LINE, torch.tensor([5, 5, 9, 9]), margin=0.5)
    assert loss.item() == pytest.approx((0 + 0 + 2.5 + 0) / 4, abs=1e-5)
    wide = batch_hard_triplet(LINE, torch.tensor([5, 5, 9, 9]), margin=2.5)
    assert wide.item() == pytest.approx((0.5 + 1.5 + 4.5 + 0.5) / 4, abs=1e-5)


def test_rows_without_a_second_or_without_another_person_do_not_count() -> None:
    """0 and 1 are one person, 3 and 7 are alone: only the first two are anchors."""
    loss = batch_hard_triplet(LINE, torch.tensor([0, 0, 1, 2]), margin=2.5)
    assert loss.item() == pytest.approx((0.5 + 1.5) / 2, abs=1e-5)
    assert batch_hard_triplet(LINE, torch.tensor([4, 4, 4, 4]), margin=1.0).item() == 0


def test_equal_rows_have_a_finite_slope() -> None:
    rows = torch.ones(4, 3, requires_grad=True)
    batch_hard_triplet(rows, torch.tensor([0, 0, 1, 1]), margin=0.3).backward()
    assert rows.grad is not None
    assert rows.grad.isfinite().all()


def test_the_order_of_the_rows_does_not_count() -> None:
    rows, persons = torch.randn(12, 5), torch.arange(12) % 4
    order = torch.randperm(12)
    assert torch.allclose(
        batch_hard_triplet(rows, persons, margin=0.3), batch_hard_triplet(rows[order], persons[order], margin=0.3)
    )
