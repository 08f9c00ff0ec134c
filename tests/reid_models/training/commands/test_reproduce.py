"""From a paper's name to its row: stages that change the data between them included."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from reid_models.training.cli import main
from reid_models.training.commands.reproduce import recipes_of
from reid_models.training.datasets.catalogue import read_dataset
from testing.miniatures import people_on_disk


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Twelve people in the layout of `folder`, half of them to ask for; of each tracklet one frame has a black half."""
    for side, first in (("train", 1), ("test", 7)):
        images = tmp_path / "png" / side
        people_on_disk(images, persons=6, tracklets=2, frames=4, first=first, seed=first)
        for path in sorted(images.glob("*.png")):
            image = cv2.imread(str(path))
            assert image is not None
            if path.stem.endswith("F001"):
                image[16:] = 0
            own = tmp_path / "data" / side / path.name[:4]
            own.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(own / f"{path.stem}.jpg"), image)
    return tmp_path / "data"


def words(recipe: str, data: Path, out: Path, *more: str) -> list[str]:
    small = ["--set", "network.trunk.kind=compact", "--set", "network.weights=null", "--set", "feed.sampler.persons=4"]
    return [
        "reproduce",
        recipe,
        "--data",
        f"folder={data}",
        "--out",
        str(out),
        "--small",
        "--steps",
        "2",
        *small,
        *more,
    ]


def test_a_recipe_is_run_evaluated_and_laid_beside_its_paper(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words("gltr-dtp", data, tmp_path / "runs")) == 0
    printed = capsys.readouterr().out
    assert "mAP" in printed
    assert "gltr-dtp" in printed
    assert (tmp_path / "runs" / "gltr-dtp-small" / "clips" / "checkpoint.pt").is_file()
    assert main(words("gltr-dtp", data, tmp_path / "runs")) == 0, "what is done is not done again"


def test_stcnet_completes_the_set_that_the_last_network_learns_from_and_is_asked_by(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words("vrstc", data, tmp_path / "runs")) == 0
    completed = tmp_path / "runs" / "vrstc-small" / "stcnet" / "completed"
    card = json.loads((completed / "card.json").read_text(encoding="utf-8"))
    assert (card["frames"], card["tracklets"]) == (2 * 6 * 2 * 2 * 4, 2 * 6 * 2 * 2)
    lines = (completed / "changes.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert len(lines) == card["changed"]
    assert all((completed / line.partition(",")[0]).is_file() for line in lines)
    before, found = read_dataset("folder", data), read_dataset("completed", completed)
    assert found.name == "folder"
    assert found.train.persons.tolist() == before.train.persons.tolist()
    changed = {line[: len("query/0007/")] for line in lines}
    for tracklet, person in enumerate(before.query.persons.tolist()):
        if f"query/{person:04d}/" not in changed:
            own, ours = (one.query.read(tracklet, np.arange(4)) for one in (before, found))
            larger = [cv2.resize(frame, (64, 128), interpolation=cv2.INTER_LINEAR) for frame in own]
            assert np.abs(np.stack(larger).astype(int) - np.stack(ours).astype(int)).mean() < 6
    capsys.readouterr()
    stage = str(tmp_path / "runs" / "vrstc-small" / "stcnet")
    again = ["complete", stage, "--data", f"folder={data}", "--out", str(tmp_path / "other"), "--tau", "-1.0"]
    assert main(again) == 0
    assert f"0 of {card['frames']} frames changed" in capsys.readouterr().err
    assert main(["evaluate", stage, "--data", f"folder={data}"]) == 1
    assert "expected a stage that learnt to recognise people, found one of completion" in capsys.readouterr().err


def test_a_papers_name_stands_for_all_its_recipes() -> None:
    """Also where a recipe has it too."""
    assert set(recipes_of("tkp")) == {"tkp", "tkp-f", "tkp-d", "tkp-baseline"}
    assert recipes_of("modern") == ["modern"]


@pytest.mark.parametrize(
    ("words", "expected", "code"),
    [
        (["reproduce", "tkpp", "--data", "folder=x", "--out", "{}/run"], "or a recipe, found tkpp", 2),
        (["complete", "{}", "--data", "folder=x", "--out", "{}/set"], "expected a checkpoint at", 1),
        (
            ["fit", "attribute-transfer-small", "--data", "folder={}/data", "--out", "{}/run"],
            "expected two data sets, one with attributes and then one without, found 1",
            2,
        ),
        (
            ["fit", "gao-tp", "--data", "folder={}/data", "--data", "folder={}/data", "--out", "{}/run"],
            "expected one data set, found 2",
            2,
        ),
    ],
)
def test_bad_input_is_one_line(
    words: list[str], expected: str, code: int, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.format(tmp_path) for word in words]) == code
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1
