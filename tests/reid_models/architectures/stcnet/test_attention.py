import torch
import torch.nn.functional as F
from torch import Tensor

from reid_models.architectures.stcnet.attention import temporal_attention
from testing.architectures.golden import assert_close


def maps(*, seed: int = 0, size: tuple[int, int] = (5, 4)) -> Tensor:
    return torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(seed))


def one_by_one(current: Tensor, neighbour: Tensor, sharpness: float) -> Tensor:
    """The paper's words for one map (C, H, W), a position at a time."""
    _, rows, columns = current.shape
    positions = [(row, column) for row in range(rows) for column in range(columns)]
    around = [F.pad(map_.unsqueeze(0), [1] * 4, mode="replicate")[0] for map_ in (current, neighbour)]
    patches = [[map_[:, row : row + 3, column : column + 3] for row, column in positions] for map_ in around]
    sums, counts = torch.zeros(3, rows + 2, columns + 2), torch.zeros(rows + 2, columns + 2)
    for (row, column), patch in zip(positions, patches[0], strict=True):
        cosines = [F.cosine_similarity(patch.flatten(), other.flatten(), dim=0) for other in patches[1]]
        weights = (sharpness * torch.stack(cosines)).softmax(dim=0)
        sums[:, row : row + 3, column : column + 3] += sum(w * p for w, p in zip(weights, patches[1], strict=True))
        counts[row : row + 3, column : column + 3] += 1
    return (sums / counts)[:, 1:-1, 1:-1]


def test_it_is_what_the_paper_says_patch_by_patch() -> None:
    current, neighbour = maps(), maps(seed=1)
    expected = torch.stack([one_by_one(*pair, 4.0) for pair in zip(current, neighbour, strict=True)])
    assert_close(temporal_attention(current, neighbour, sharpness=4.0), expected, 1e-5)


def test_weights_sum_to_1() -> None:
    assert_close(temporal_attention(maps(), torch.full((2, 3, 5, 4), 7.0)), torch.full((2, 3, 5, 4), 7.0), 1e-5)


def test_of_a_map_that_holds_the_same_it_takes_the_same() -> None:
    assert_close(temporal_attention(maps(), maps(), sharpness=200.0), maps(), 1e-4)


def test_it_finds_what_has_moved() -> None:
    current = maps(size=(8, 6))
    moved = current.roll((2, -1), dims=(2, 3))
    found = temporal_attention(current, moved, sharpness=200.0)
    inner = (..., slice(2, -4), slice(3, -2))
    assert_close(found[inner], current[inner], 1e-3)


def test_without_sharpness_all_patches_count_the_same() -> None:
    found = temporal_attention(maps(), maps(seed=1), sharpness=0.0)
    inner = found[..., 1:-1, 1:-1]
    assert_close(inner, inner[..., :1, :1].expand_as(inner), 1e-5)
