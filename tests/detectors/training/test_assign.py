import torch
from torch import Tensor

from detectors.training.assign import CENTRE_CELLS, Assigned, assign
from detectors.training.cells import cells

SIDE = 64
CELLS = cells(SIDE, SIDE)
LEFT, RIGHT = [8.0, 8.0, 24.0, 40.0], [40.0, 20.0, 56.0, 52.0]


def ask(people: list[list[float]], says: Tensor | None = None) -> Assigned:
    """Every cell says the box of the first person, equally sure, unless told otherwise."""
    count = len(CELLS.centres)
    boxes = torch.tensor(people[:1] or [LEFT]).expand(count, 4) if says is None else says
    return assign(boxes, torch.zeros(count, 2), torch.tensor(people).reshape(-1, 4), CELLS)


def test_an_image_without_people_has_no_cell_that_answers() -> None:
    found = ask([])
    assert (len(found.cells), len(found.people), len(found.iou)) == (0, 0, 0)


def test_people_apart_have_answers_of_their_own_and_a_cell_that_two_want_answers_once() -> None:
    found = ask([LEFT, RIGHT, [9.0, 9.0, 25.0, 41.0]])
    assert {0, 1} <= set(found.people.tolist())
    assert len(set(found.cells.tolist())) == len(found.cells)


def test_cells_answer_for_people_near_their_centre_alone() -> None:
    found = ask([LEFT, RIGHT])
    centres = torch.tensor([[16.0, 24.0], [48.0, 36.0]])[found.people]
    away = (CELLS.centres[found.cells] - centres).abs()
    assert (away <= CENTRE_CELLS * CELLS.strides[found.cells]).all()


def test_the_better_its_cells_know_a_person_the_more_of_them_answer() -> None:
    nothing = torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(len(CELLS.centres), 4)
    assert len(ask([LEFT]).cells) > 3
    assert len(ask([LEFT], nothing).cells) == 1


def test_the_cell_that_says_the_box_wins() -> None:
    near = int((CELLS.centres - torch.tensor([16.0, 24.0])).abs().sum(dim=1).argmin())
    says = torch.tensor([0.0, 0.0, 1.0, 1.0]).repeat(len(CELLS.centres), 1)
    says[near] = torch.tensor(LEFT)
    found = ask([LEFT], says)
    assert (found.cells.tolist(), found.iou.tolist()) == ([near], [1.0])
