from pathlib import Path

import pytest
import torch

from reid_models.training.losses.triplet import batch_hard_triplet
from testing.architectures.golden import assert_close, golden

LINE = torch.tensor([[0.0], [1.0], [3.0], [7.0]])


@pytest.mark.shared
def test_loss_and_slope_agree_with_the_published_ones(shared: Path) -> None:
    numbers = golden(shared, "batch_hard_and_smooth")
    feat = numbers["feat"].requires_grad_()
    loss = batch_hard_triplet(feat, numbers["targets"], margin=0.3)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(float(numbers["loss_triplet"]), abs=1e-5)
    assert feat.grad is not None
    assert_close(feat.grad, numbers["grad_triplet"], 1e-6)


@pytest.mark.shared
@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
@pytest.mark.parametrize(("name", "anchors", "among"), [
    ("i2v", "img", "vid"), ("v2i", "vid", "img"), ("i2i", "img", "img"), ("v2v", "vid", "vid"),
])  # fmt: skip
def test_triplets_across_two_networks_agree_with_the_published_ones(
    shared: Path, name: str, anchors: str, among: str, distance: str
) -> None:
    numbers = golden(shared, "tkp_losses")
    sides = {
        "img": (numbers["img_feat"], numbers["img_pids"]),
        "vid": (numbers["vid_feat"], numbers["clip_pids"]),
    }
    others = None if anchors == among else sides[among]
    loss = batch_hard_triplet(*sides[anchors], margin=0.3, distance=distance, among=others)  # type: ignore[arg-type]
    key = f"loss_{name}" if distance == "euclidean" else f"loss_{name}_cosine"
    assert float(loss) == pytest.approx(float(numbers[key]), abs=1e-5)


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


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_equal_rows_have_a_finite_slope(distance: str) -> None:
    rows = torch.ones(4, 3, requires_grad=True)
    batch_hard_triplet(rows, torch.tensor([0, 0, 1, 1]), margin=0.3, distance=distance).backward()  # type: ignore[arg-type]
    assert rows.grad is not None
    assert rows.grad.isfinite().all()


def test_the_order_of_the_rows_does_not_count() -> None:
    rows, persons = torch.randn(12, 5), torch.arange(12) % 4
    order = torch.randperm(12)
    assert torch.allclose(
        batch_hard_triplet(rows, persons, margin=0.3), batch_hard_triplet(rows[order], persons[order], margin=0.3)
    )
