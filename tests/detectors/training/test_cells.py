import numpy as np
import torch

from detectors.boxes import iou
from detectors.grid import grid
from detectors.training.cells import cells, decode, paired_iou, pairwise_iou
from detectors.yolox import decode_boxes


def test_cells_and_boxes_are_those_that_serving_reads() -> None:
    raw = torch.randn(273, 4, generator=torch.Generator().manual_seed(0))
    found = cells(96, 128)
    corners, strides = grid(96, 128)
    assert torch.equal(found.corners, torch.from_numpy(corners)[: len(found.corners)])
    expected = decode_boxes(raw[: len(corners)].numpy(), corners, strides)
    assert np.allclose(decode(raw[: len(corners)], found).numpy(), expected, rtol=1e-5, atol=1e-3)


def test_overlaps_are_those_of_serving() -> None:
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 80, (2, 9, 2))
    a, b = (np.concatenate([c, c + rng.uniform(1, 60, (9, 2))], axis=1).astype(np.float32) for c in corners)
    expected = iou(a, b)
    assert np.allclose(pairwise_iou(torch.from_numpy(a), torch.from_numpy(b)), expected, atol=1e-6)
    assert np.allclose(paired_iou(torch.from_numpy(a), torch.from_numpy(b)), np.diag(expected), atol=1e-6)
