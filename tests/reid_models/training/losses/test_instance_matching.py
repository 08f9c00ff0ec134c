import math

import pytest
import torch

from reid_models.training.losses.instance_matching import InstanceMatching


def test_the_loss_is_the_one_worked_out_by_hand() -> None:
    """Cosines of 0.6 and 0.8 with the table's rows, times 5."""
    matching = InstanceMatching(2, 2, scalar=5.0).eval()
    matching.table.copy_(torch.eye(2))
    loss = matching(torch.tensor([[3.0, 4.0]]), torch.tensor([0]))
    assert float(loss) == pytest.approx(-3 + math.log(math.exp(3) + math.exp(4)), abs=1e-5)


def test_who_was_seen_moves_halfway_and_the_others_stay() -> None:
    matching = InstanceMatching(2, 3, momentum=0.5)
    matching.table.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]))
    matching(torch.tensor([[0.0, 2.0], [0.0, 5.0]]), torch.tensor([0, 0]))
    assert matching.table[0].tolist() == pytest.approx([math.sqrt(0.5)] * 2)
    assert matching.table[1:].tolist() == [[0.0, 1.0], pytest.approx([0.6, 0.8])]


def test_a_table_in_eval_mode_stays_and_rows_learn_while_it_moves() -> None:
    matching, rows = InstanceMatching(4, 3), torch.randn(6, 4, requires_grad=True)
    persons = torch.arange(6) % 3
    matching.eval()(rows, persons)
    assert not matching.table.any()
    matching.train()(rows, persons)
    matching(rows, persons).backward()
    assert rows.grad is not None
    assert rows.grad.any()
    assert torch.allclose(matching.table.norm(dim=1), torch.ones(3))
