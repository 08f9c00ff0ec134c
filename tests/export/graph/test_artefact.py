import errno
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from export.graph import artefact
from export.graph.artefact import Words, export_onnx
from export.graph.errors import ExportError, ParityError
from export.graph.subject import Subject
from reid_models.architectures.architecture import Lengths
from reid_models.architectures.attributes import printed_entropy
from reid_models.architectures.features import Features
from reid_models.architectures.served import ServedNetwork
from reid_runtime.card import ClipSpec, read_card

WORDS = Words(licence="CC0-1.0", notes="Good for nothing.", threshold=0.5)


class Colours(nn.Module):
    """Which colours a clip has, weighted."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(3, 5)

    def forward(self, clips_BTCHW: Tensor) -> Features:
        return Features(embedding=self.mix(clips_BTCHW.float().mean(dim=(1, 3, 4)) / 255))


class Countless(Colours):
    """As wide as a clip is long: nobody can leave T free."""

    def forward(self, clips_BTCHW: Tensor) -> Features:
        return Features(embedding=super().forward(clips_BTCHW).embedding * range(clips_BTCHW.shape[1])[-1])


class Sure(Colours):
    """As sure of its attributes as no number between 0 and 1 can say."""

    def forward(self, clips_BTCHW: Tensor) -> Features:
        colours_BC = clips_BTCHW.float().mean(dim=(1, 3, 4))
        return Features(embedding=torch.cat([colours_BC, printed_entropy(-2 * colours_BC.unsqueeze(2))], dim=1))


def subject(network: nn.Module | None = None) -> Subject:
    torch.manual_seed(0)
    return Subject(
        network=ServedNetwork(network or Colours()),
        architecture="colours",
        paper="none",
        origin="a test",
        clip=ClipSpec(2, 8, 4),
        lengths=Lengths(),
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "colours.onnx"


def test_a_file_takes_the_place_of_one_that_was_there_with_its_card(file: Path) -> None:
    file.write_bytes(b"old")
    file.with_suffix(".json").write_text("old")
    exported = export_onnx(subject(), file, WORDS)
    assert exported.difference < 1e-5
    assert read_card(file) == exported.card
    assert sorted(path.name for path in file.parent.iterdir()) == ["colours.json", "colours.onnx"]


def _too_different(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefact, "MAX_DIFFERENCE", -1.0)


def _no_space(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(artefact, "write_card", full)


def _interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(artefact, "largest_difference", interrupted)


@pytest.mark.parametrize(
    ("spoil", "error"), [(_too_different, ParityError), (_no_space, OSError), (_interrupted, KeyboardInterrupt)]
)
def test_of_an_export_that_fails_nothing_is_left_and_what_was_there_stays(
    spoil: Callable[[pytest.MonkeyPatch], None],
    error: type[BaseException],
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file.write_bytes(b"old")
    spoil(monkeypatch)
    with pytest.raises(error, match=r"No space left on device: '.*colours\.onnx'" if error is OSError else None):
        export_onnx(subject(), file, WORDS)
    assert [path.name for path in file.parent.iterdir()] == ["colours.onnx"]
    assert file.read_bytes() == b"old"


def test_weights_that_yield_no_numbers_are_not_exported(file: Path) -> None:
    spoilt = subject()
    with torch.no_grad():
        spoilt.network.get_parameter("network.mix.bias").fill_(torch.nan)
    with pytest.raises(ParityError, match="differs from torch by inf"):
        export_onnx(spoilt, file, WORDS)
    assert not list(file.parent.iterdir())


def test_logits_of_any_size_are_exported(file: Path) -> None:
    assert export_onnx(subject(Sure()), file, WORDS).difference < 1e-5


def test_an_axis_that_torch_fixes_is_an_error(file: Path) -> None:
    with pytest.raises(ExportError, match=r"colours: expected T to be free|cannot write it as ONNX"):
        export_onnx(subject(Countless()), file, WORDS)
    assert not list(file.parent.iterdir())
