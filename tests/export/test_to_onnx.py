from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from export import to_onnx
from export.to_onnx import ParityError, Words, export_onnx
from reid_models.architectures.features import Features
from reid_models.architectures.served import ServedNetwork
from reid_models.clip_encoder import CLIP, ClipEncoder
from reid_runtime.card import card_path
from reid_runtime.load import load_session

WORDS = Words(name="tiny", family=CLIP, licence="CC0-1.0", origin="a test", notes="Good for nothing.", threshold=0.5)


class Colours(nn.Module):
    """Which colours a clip has, weighted."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(3, 5)

    def forward(self, clips_BTCHW: Tensor) -> Features:
        return Features(embedding=self.mix(clips_BTCHW.float().mean(dim=(1, 3, 4)) / 255))


def clips(batch: int) -> Tensor:
    return torch.randint(0, 256, (batch, 2, 8, 4, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(batch))


def test_the_file_says_what_the_network_says_for_any_batch(tmp_path: Path) -> None:
    network = ServedNetwork(Colours())
    card, difference = export_onnx(network, clips(2), tmp_path / "tiny.onnx", WORDS)
    assert difference < 1e-5
    assert (card.notes, card.threshold, card.clip) == (WORDS.notes, 0.5, card.clip)
    encoder = ClipEncoder(load_session(tmp_path / "tiny.onnx", provider="cpu", threads=1))
    expected = torch.nn.functional.normalize(network(clips(5)), dim=1).detach().numpy()
    assert np.allclose(encoder.encode(clips(5).numpy()), expected, atol=1e-5)


def test_a_file_that_says_something_else_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(to_onnx, "MAX_DIFFERENCE", -1.0)
    with pytest.raises(ParityError, match=r"tiny\.onnx differs from torch by"):
        export_onnx(ServedNetwork(Colours()), clips(2), tmp_path / "tiny.onnx", WORDS)
    assert not (tmp_path / "tiny.onnx").exists()
    assert not card_path(tmp_path / "tiny.onnx").exists()
