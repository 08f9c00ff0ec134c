import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from reid_models.training.cli import main
from reid_models.training.data import read_crop_set, write_crop_set
from reid_models.training.datasets.catalogue import DATASETS
from testing import official_layouts
from testing.coloured_people import coloured_people


def test_tracklets_are_packed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "mars" / "0003"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "0003C1T0001F001.jpg"), np.full((16, 8, 3), 90, np.uint8))
    assert main(["pack", str(tmp_path / "mars"), str(tmp_path / "set"), "--height", "32", "--width", "16"]) == 0
    assert "1 crops" in capsys.readouterr().err
    assert read_crop_set([tmp_path / "set"]).parts[0].shape == (1, 32, 16, 3)


@pytest.mark.parametrize(
    ("words", "expected", "code"),
    [
        (["fit", "compact", "--data", "{}/none", "--out", "{}/run"], "expected crops.npy and labels.npz in", 1),
        (["fit", "compact", "--data", "{}/few", "--out", "{}/run"], "at least 16 persons for a batch, found 3", 2),
        (["fit", "gao-tp", "--data", "{}/few", "--out", "{}/run"], "expected --data NAME=FOLDER with one of", 2),
        (["fit", "gao-tp", "--data", "mar=x", "--out", "{}/run"], "expected one of the data sets", 2),
        (
            ["fit", "gao-tp", "--data", "market1501=x", "--out", "{}/run"],
            "expected market1501 at x, found no folder",
            2,
        ),
        (["fit", "gao-tpp", "--data", "market1501=x", "--out", "{}/run"], "one of the recipes compact,", 2),
        (["fit", "compact", "--data", "{}/few", "--out", "{}/run", "--amp", "int8"], "found int8", 2),
        (["fit", "compact", "--data", "{}/few", "--out", "{}/run", "--device", "cuda:9"], "found none", 2),
        (["fit", "compact", "--data", "{}/few", "--out", "{}/run", "--network", "osnet"], "found osnet", 2),
        (["fit", "compact", "--data", "{}/few", "--out", "{}/run", "--trunk", "vgg"], "found 'vgg'", 2),
        (["fit", "compact", "--data", "{}/few", "--out", "{}/run", "--weights", "w.pt"], "found w.pt", 1),
        (["fit", "compact", "--data", "{}/few", "--out", "{}/run", "--set", "loop.step=1"], "found step", 2),
        (
            ["fit", "compact", "--data", "{}/few", "--out", "{}/run", "--begin-with", "{}"],
            "expected a checkpoint at",
            1,
        ),
        (["pack", "{}/none", "{}/set"], "expected a folder of tracklets at", 1),
        (["fit", "compact", "--data", "{}/few"], "--out", 2),
        (["walk"], "No such command", 2),
    ],
)
def test_bad_input_is_one_line(
    words: list[str], expected: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = 3 if "begin" not in " ".join(words) else 16
    write_crop_set(tmp_path / "few", coloured_people(people, 2))
    assert main([word.format(tmp_path) for word in words]) == code
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1


def test_a_recipe_is_run_from_the_command_line_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_crop_set(tmp_path / "people", coloured_people(8, 4))
    words = ["fit", "compact", "--data", str(tmp_path / "people"), "--out", str(tmp_path / "run"), "--batch", "16"]
    small = ["--set", "feed.sizes=[{until: 1.0, height: 32, width: 16}]", "--set", "feed.sampler.tracklets=2"]
    assert main([*words, *small, "--steps", "2", "--seed", "5"]) == 0
    recipe = json.loads((tmp_path / "run" / "crops" / "recipe.json").read_text())
    assert (recipe["loop"]["steps"], recipe["loop"]["seed"]) == (2, 5)
    assert main([*words, *small, "--steps", "2", "--seed", "5"]) == 1
    assert "expected a run with steps to go" in capsys.readouterr().err
    assert main([*words, *small, "--steps", "2", "--seed", "6"]) == 1
    assert "of another recipe, loop.seed was 5 and is 6" in capsys.readouterr().err
    assert json.loads((tmp_path / "run" / "crops" / "recipe.json").read_text()) == recipe
    assert main([*words, *small, "--steps", "3", "--seed", "5"]) == 0
    assert "step 3 of 3" in capsys.readouterr().err


def spoil_images(folder: Path) -> None:
    for path in (folder / "bbox_train").rglob("*.jpg"):
        path.write_bytes(b"not an image")


def fit_on(data: str, out: Path) -> list[str]:
    changes = ["--trunk", "compact", "--set", "network.weights=null", "--set", "feed.sampler.persons=2", "--steps", "1"]
    return ["fit", "frames", "--data", data, "--out", str(out), *changes]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda folder: (folder / "info" / "query_IDX.mat").unlink(), "expected query_IDX in"),
        (lambda folder: (folder / "bbox_train").rename(folder / "train"), "found no folder; MARS is bbox_train/ID/"),
        (spoil_images, "found something else: restore it or take it out of the set"),
    ],
)
def test_a_data_set_that_is_not_as_it_should_be_is_one_line(
    spoil: Callable[[Path], object], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(official_layouts.mars(tmp_path / "mars"))
    assert main(fit_on(f"mars={tmp_path / 'mars'}", tmp_path / "run")) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("reid-train: ")
    assert expected in error


def test_a_set_with_a_person_on_both_sides_is_not_learnt_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for side in ("train", "test"):
        official_layouts.image(tmp_path / "own" / side / "0007" / "0007C1T0001F001.jpg")
    assert main(fit_on(f"folder={tmp_path / 'own'}", tmp_path / "run")) == 2
    assert "found 1 in both, the first one 7: split the set by persons" in capsys.readouterr().err


def test_every_data_set_is_listed_with_its_layout_and_who_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data"]) == 0
    listed = capsys.readouterr().out
    for name, entry in DATASETS.items():
        assert f"{name}: {entry.title}" in listed
        assert entry.layout in listed
        assert entry.where in listed


def test_the_attribute_driven_network_learns_the_labels_of_mars(tmp_path: Path) -> None:
    official_layouts.mars(tmp_path / "mars")
    lines = ["1,1,1,8,0,1,1,0,0,0,0,0,1,1,0", "3,1,1,0,9,3,0,1,1,1,1,1,0,0,1"]
    (tmp_path / "mars" / "mars_attributes.csv").write_text("\n".join([official_layouts.MARS_ATTRIBUTES, *lines]) + "\n")
    small = ["--set", "network.weights=null", "--set", "network.clip.height=64", "--set", "network.clip.width=32"]
    words = ["fit", "attributes", "--data", f"mars={tmp_path / 'mars'}", "--out", str(tmp_path / "run")]
    assert main([*words, "--trunk", "compact", *small, "--steps", "1", "--batch", "3"]) == 0
    logged = json.loads((tmp_path / "run" / "clips" / "log.jsonl").read_text().splitlines()[-1])
    assert logged["attributes"] > 0
    known = json.loads((tmp_path / "run" / "clips" / "recipe.json").read_text())["network"]["attributes"]
    assert len(known) == 32
