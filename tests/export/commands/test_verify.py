import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from export import cli
from reid_models.training.data import write_crop_set
from reid_runtime.card import artefact_sha256, card_path, read_card, write_card
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
