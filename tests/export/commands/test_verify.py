import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from torch import nn

from export import cli
from export.graph.errors import ExportError
from export.graph.subject import Subject
from export.verification.sessions import check_source
from reid_models.architectures.architecture import Lengths
from reid_models.training.data import write_crop_set
from reid_runtime.card import ClipSpec, artefact_sha256, card_path, read_card, write_card
from testing.coloured_people import coloured_people
from testing.paths import ROOT

ENCODER = ROOT / "configs" / "models" / "passerby-encoder.onnx"


@pytest.fixture
def people(tmp_path: Path) -> str:
    """A data set of coloured people, as `--data` names it."""
    write_crop_set(tmp_path / "people", coloured_people(20, 6, height=64, width=32))
    return f"simulated={tmp_path / 'people'}"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The shipped encoder in a folder of its own."""
    file = tmp_path / "copy.onnx"
    shutil.copy(ENCODER, file)
    shutil.copy(card_path(ENCODER), card_path(file))
    return file


def spoil(file: Path) -> None:
    """Noise on the weights; its card is made to say nothing of it."""
    model = onnx.load(file)
    rng = np.random.default_rng(0)
    for tensor in model.graph.initializer:
        weights = numpy_helper.to_array(tensor)
        if weights.ndim == 4:
            spoilt = weights + 0.02 * weights.std() * rng.normal(size=weights.shape)
            tensor.CopyFrom(numpy_helper.from_array(spoilt.astype(np.float32), tensor.name))
    onnx.save(model, file)
    write_card(read_card(ENCODER).model_copy(update={"sha256": artefact_sha256(file)}), file)


def test_a_spoilt_file_is_not_good_and_the_same_file_is(
    copy: Path, people: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "figures.json"
    ask = ["verify", str(copy), "--against", str(ENCODER), "--data", people, "--json", str(figures)]
    assert cli.main(ask) == 0
    shown = capsys.readouterr().out
    assert "fp32, good" in shown
    assert "mAP" in shown
    assert cli.main([*ask, "--parity"]) == 0
    assert "no mAP" in capsys.readouterr().out
    spoil(copy)
    assert cli.main(ask) == 1
    assert "not good: least cosine 0." in capsys.readouterr().out
    (row,) = json.loads(figures.read_text())
    assert row["least_cosine"] < 0.9999
    assert row["faults"]


def test_clips_of_another_length_are_one_line(copy: Path, people: str, capsys: pytest.CaptureFixture[str]) -> None:
    card = read_card(copy)
    assert card.clip is not None
    fields = json.loads(card_path(copy).read_text())
    fields["clip"]["frames"] = 4
    card_path(copy).write_text(json.dumps(fields))
    assert cli.main(["verify", str(copy), "--against", str(ENCODER), "--data", people]) == 2
    reported = capsys.readouterr().err
    assert "takes clips of 4 frames of 128 x 64, and passerby-encoder" in reported
    assert reported.count("\n") == 1


def test_a_run_that_is_not_there_is_one_line(copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", str(copy), "--against", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_figures_never_take_the_place_of_a_network_or_its_card(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place, expected in [
        (card_path(copy), "--json: expected a file of its own"),
        (copy, "--json: expected a file of its own"),
        (tmp_path / "none" / "figures.json", "expected a folder for figures.json"),
        (tmp_path, "found a folder at"),
    ]:
        assert cli.main(["verify", str(copy), "--against", str(ENCODER), "--json", str(place)]) == 2
        assert expected in capsys.readouterr().err
    assert read_card(copy).sha256 == read_card(ENCODER).sha256


def test_a_run_is_a_folder_whatever_its_name(copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.v2").mkdir()
    assert cli.main(["verify", str(copy), "--against", str(tmp_path / "run.v2")]) == 1
    assert "found no checkpoint.pt" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("architecture", "fields"),
    [
        ("person-detector", {"image": (384, 512)}),
        ("of other crops", {"clip": ClipSpec(8, 256, 128), "lengths": Lengths()}),
        ("of another length", {"clip": ClipSpec(4, 128, 64), "lengths": Lengths(is_built_in=True)}),
        ("of more frames", {"clip": ClipSpec(9, 128, 64), "lengths": Lengths(least=9)}),
    ],
)
def test_a_run_of_a_network_that_takes_something_else_is_refused(architecture: str, fields: dict[str, Any]) -> None:
    subject = Subject(network=nn.Identity(), architecture=architecture, paper="none", origin="a test", **fields)
    with pytest.raises(ExportError, match=f"takes what passerby-encoder takes, found {architecture}"):
        check_source(subject, read_card(ENCODER))


def test_a_run_of_clips_of_another_length_is_the_same_network_where_it_takes_any() -> None:
    subject = Subject(
        network=nn.Identity(),
        architecture="any",
        paper="none",
        origin="a test",
        clip=ClipSpec(4, 128, 64),
        lengths=Lengths(),
    )
    check_source(subject, read_card(ENCODER))
