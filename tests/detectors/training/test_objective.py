import pytest
import torch
from torch import Tensor, nn

from detectors.training.assign import assign
from detectors.training.cells import cells, decode
from detectors.training.network import PersonNetwork, ServedDetector
from detectors.training.objective import DetectorLearner, Target

SIDE = 128
PEOPLE = torch.tensor([[20.0, 24.0, 44.0, 88.0], [70.0, 30.0, 110.0, 120.0]])
NOBODY = torch.zeros(0, 4)


def saying(people: Tensor) -> Tensor:
    """(A, 4): what cells would have to say so that each gives the box of the person nearest to it."""
    found = cells(SIDE, SIDE)
    middles = (people[:, :2] + people[:, 2:]) / 2
    nearest = (found.centres[:, None] - middles).norm(dim=2).argmin(dim=1)
    boxes = people[nearest]
    offsets = (boxes[:, :2] + boxes[:, 2:]) / 2 / found.strides - found.corners
    return torch.cat([offsets, ((boxes[:, 2:] - boxes[:, :2]) / found.strides).log()], dim=1)


class Fixed(nn.Module):
    """Says the same of every image."""

    def __init__(self, rows: Tensor) -> None:
        super().__init__()
        self.rows = nn.Parameter(rows)

    def forward(self, images: Tensor) -> Tensor:
        return self.rows.expand(len(images), -1, -1)


def test_cells_that_answer_are_near_the_person_and_answer_for_one() -> None:
    found = cells(SIDE, SIDE)
    boxes = decode(saying(PEOPLE), found)
    assigned = assign(boxes, torch.zeros(len(boxes), 2), PEOPLE, found)
    assert set(assigned.people.tolist()) == {0, 1}
    assert len(assigned.cells.unique()) == len(assigned.cells)
    middles = ((PEOPLE[:, :2] + PEOPLE[:, 2:]) / 2)[assigned.people]
    away = (found.centres[assigned.cells] - middles).abs()
    assert (away <= 2.5 * found.strides[assigned.cells]).all()
    assert assigned.iou.min() > 0.99


def test_everybody_gets_a_cell_however_poor_the_boxes_are() -> None:
    found = cells(SIDE, SIDE)
    small = torch.tensor([[60.0, 60.0, 63.0, 68.0], [10.0, 100.0, 90.0, 127.0]])
    boxes = decode(torch.zeros(len(found.corners), 4), found)
    assigned = assign(boxes, torch.zeros(len(boxes), 2), small, found)
    assert set(assigned.people.tolist()) == {0, 1}


def test_where_nobody_is_no_cell_answers() -> None:
    found = cells(SIDE, SIDE)
    boxes = decode(torch.zeros(len(found.corners), 4), found)
    assert len(assign(boxes, torch.zeros(len(boxes), 2), NOBODY, found).cells) == 0


def losses_of(rows: Tensor, target: Target) -> dict[str, float]:
    learner = DetectorLearner(Fixed(rows))
    return {name: float(value.detach()) for name, value in learner(torch.zeros(1, 3, SIDE, SIDE), [target]).items()}


def test_the_right_answer_costs_little_and_a_wrong_one_more() -> None:
    boxes = saying(PEOPLE)
    found = cells(SIDE, SIDE)
    answering = assign(decode(boxes, found), torch.zeros(len(boxes), 2), PEOPLE, found).cells
    scores = torch.full((len(boxes), 2), -12.0)
    scores[answering] = 12.0
    right = losses_of(torch.cat([boxes, scores], dim=1), Target(PEOPLE, NOBODY))
    assert all(value < 0.02 for value in right.values())
    shifted = losses_of(torch.cat([boxes + 1, scores], dim=1), Target(PEOPLE, NOBODY))
    blind = losses_of(torch.cat([boxes, -scores], dim=1), Target(PEOPLE, NOBODY))
    assert shifted["box"] > 1
    assert blind["objectness"] > 10


def test_people_who_are_hardly_seen_are_neither_right_nor_wrong() -> None:
    rows = torch.cat([saying(PEOPLE), torch.full((len(saying(PEOPLE)), 2), 3.0)], dim=1)
    strict = losses_of(rows, Target(PEOPLE[:1], NOBODY))
    lenient = losses_of(rows, Target(PEOPLE[:1], PEOPLE[1:]))
    assert lenient["objectness"] < strict["objectness"]
    assert lenient["box"] == pytest.approx(strict["box"])


def test_an_image_of_nobody_teaches_that_nobody_is_there() -> None:
    learner = DetectorLearner(PersonNetwork())
    found = learner(torch.rand(2, 3, 64, 64) * 255, [Target(NOBODY, NOBODY)] * 2)
    sum(found.values(), torch.zeros(())).backward()
    assert found["box"] == 0
    assert found["objectness"] > 0


def test_what_is_exported_has_scores_between_0_and_1_and_a_row_per_cell() -> None:
    served = ServedDetector(PersonNetwork()).eval()
    rows = served(torch.rand(2, 3, 96, 128) * 255)
    assert rows.shape == (2, 12 * 16 + 6 * 8 + 3 * 4, 6)
    assert (rows[..., 4:] >= 0).all()
    assert (rows[..., 4:] <= 1).all()
