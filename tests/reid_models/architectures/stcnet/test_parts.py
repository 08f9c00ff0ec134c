import pytest
import torch

from reid_models.architectures.stcnet.parts import PARTS, part_masks, part_rows, part_windows, window_height


def test_the_papers_frame_has_parts_of_43_42_and_43_rows() -> None:
    assert part_rows(128) == [0, 43, 85, 128]


@pytest.mark.parametrize("height", [3, 128, 257])
def test_parts_cover_every_row_once_and_differ_by_a_row_at_most(height: int) -> None:
    masks = part_masks(torch.eye(PARTS, dtype=torch.bool), height, 4)
    assert masks.shape == (PARTS, 1, height, 4)
    assert torch.equal(masks.sum(dim=0), torch.ones(1, height, 4))
    rows = masks[:, 0, :, 0].sum(dim=1)
    assert rows.max() - rows.min() <= 1
    assert rows.max() == window_height(height)


def test_a_mask_is_1_in_all_chosen_parts_and_nowhere_else() -> None:
    masks = part_masks(torch.tensor([[True, False, True], [False, False, False]]), 6, 2)
    assert masks[0, 0, :, 0].tolist() == [1, 1, 0, 0, 1, 1]
    assert not masks[1].any()


@pytest.mark.parametrize("height", [3, 128, 257])
@pytest.mark.parametrize("part", range(PARTS))
def test_a_window_holds_the_rows_of_its_part(height: int, part: int) -> None:
    rows = torch.arange(height).float().view(1, 1, height, 1).expand(2, 3, height, 2)
    window = part_windows(rows, torch.tensor([part, 0]))
    assert window.shape == (2, 3, window_height(height), 2)
    first, last = part_rows(height)[part], part_rows(height)[part + 1] - 1
    found = window[0, 0, :, 0].tolist()
    assert {first, last} <= set(found)
    assert found == list(range(int(found[0]), int(found[0]) + window_height(height)))
    assert window[1, 0, 0, 0] == 0


def test_fewer_rows_than_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="expected at least as many rows as parts, found 2 rows and 3 parts"):
        part_masks(torch.ones(1, 3, dtype=torch.bool), 2, 8)
