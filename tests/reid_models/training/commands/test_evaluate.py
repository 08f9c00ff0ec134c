import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from reid_learning.machine import Machine
from reid_models.architectures.backbones import TrunkSpec
from reid_models.training.cli import main
from reid_models.training.commands import evaluate as command
from reid_models.training.datasets import catalogue
from reid_models.training.datasets.entry import DatasetEntry
from reid_models.training.evaluation.outcome import FOLDER, kept_below, read
from reid_models.training.evaluation.subject import read_subject
from reid_models.training.fit import Lesson, fit
from reid_models.training.learners.tkp import PropagationObjective
from reid_models.training.recipe import NetworkParams, Recipe
from reid_models.training.recipes.catalogue import RECIPES
from reid_models.training.restore import Origin, write_origin
from reid_models.training.sampling.batches import SamplerParams
from reid_models.training.sampling.test_clips import TestClips
from reid_models.training.tracklets import Dataset
from reid_runtime.card import ClipSpec, artefact_sha256, write_card
from testing.miniatures import dataset_on_disk
from testing.networks import card, mean_network

QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set on disk, `data`, and stages that learnt two of its splits for a step: `run/clips`, `other/clips`."""
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("evaluate")
    for split, name in enumerate(("run", "other")):
        recipe = small("gao-tp")
        # Neither makes it another recipe.
        named = replace(recipe.network, attributes=("hat",))
        recipe = replace(recipe, loop=replace(recipe.loop, seed=5), network=named)
        folder = root / name / "clips"
        data = dataset_on_disk(root / f"data{split}", asked=6 + split)
        fit(recipe, Lesson(data.train, (data.seen,)), folder, console=QUIET)
        write_origin(Origin("gao-tp", "clips", "miniature", split), folder)
    (root / "data").mkdir()
    return root


@pytest.fixture(autouse=True)
def miniature(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue knows the data set; its two splits have 6 and 7 persons to ask for."""

    def read_split(folder: Path, split: int) -> Dataset:
        return dataset_on_disk(folder.parent / f"data{split}", asked=6 + split)

    entry = DatasetEntry("made-up people", "images", "nobody", "ours", "few", read_split, splits=2)
    monkeypatch.setitem(catalogue.DATASETS, "miniature", entry)


def small(name: str, network: str | None = None, *, height: int = 32) -> Recipe:
    recipe = RECIPES[name]().stages[-1].recipe
    params = NetworkParams(network or recipe.network.name, ClipSpec(2, height, height // 2), trunk=TrunkSpec("compact"))
    sampler = SamplerParams(persons=4, tracklets=2)
    return replace(
        recipe, network=params, loop=replace(recipe.loop, steps=1), feed=replace(recipe.feed, sampler=sampler)
    )


def ask(root: Path, *words: str) -> int:
    return main(
        ["evaluate", *(str(root / word) for word in words[:1]), "--data", f"miniature={root / 'data'}", *words[1:]]
    )


def test_a_stage_is_asked_as_its_recipe_says_and_keeps_its_numbers(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(root, "run") == 0
    shown = capsys.readouterr()
    assert "miniature, protocol gao, 6 queries" in shown.out
    assert re.search(r"R1 .*\d+\.\d% .*\d+\.\d% to \d+\.\d%", shown.out)
    assert "not as gao-tp has it" in shown.out
    assert "re-ranked" not in shown.out
    (outcome,) = kept_below([root / "run"])
    assert (outcome.recipe, outcome.stage, outcome.steps) == ("gao-tp", "clips", 1)
    assert (outcome.question.protocol, outcome.question.distance) == ("gao", "euclidean")
    assert any(change.startswith("network.trunk") for change in outcome.changes)
    assert any("learnt for 1 of 62400 steps" in change for change in outcome.changes)
    assert not any("seed" in change or "attributes" in change for change in outcome.changes)
    assert outcome.seed == 5
    assert {"mAP", "mINP", "R1", "TPR@FPR=0.01"} <= set(outcome.scores)
    assert outcome.seen == ("made-up people",)


def test_what_is_re_ranked_stands_apart_and_says_so(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = root / "reranked.json"
    assert ask(root, "run/clips", "--rerank", "--json", str(file), "--protocol", "mars") == 0
    shown = capsys.readouterr().out
    assert "re-ranked, %" in shown
    assert "re-ranked, k-reciprocal, k1=20 k2=6 lambda=0.3\n" in shown
    fields = json.loads(file.read_text())
    assert fields["reranked"]["title"] == "re-ranked, k-reciprocal, k1=20 k2=6 lambda=0.3"
    assert fields["question"]["protocol"] == "mars"
    assert read(file).reranked is not None
    assert (root / "run/clips" / FOLDER / "miniature-0-mars-video_to_video.json").is_file()


def test_each_split_is_asked_of_the_run_that_learnt_from_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", str(root / "run"), str(root / "other"), "--data", f"miniature={root / 'data'}"]
    assert main([*words, "--json", str(root / "both.json")]) == 0
    assert "13 queries, mean of 2 splits" in capsys.readouterr().out
    first, second = json.loads((root / "both.json").read_text())
    assert (first["question"]["split"], second["question"]["split"]) == (0, 1)
    assert (first["queries"], second["queries"]) == (6, 7)


def test_the_page_shows_who_was_found(root: Path) -> None:
    assert ask(root, "run", "--html", str(root / "page.html")) == 0
    page = (root / "page.html").read_text()
    assert page.count('class="query"') == 6
    # 6 queries, each among 6 persons of the other camera.
    assert page.count("<figure") == 36
    assert page.count('<figure class="right"') == 6
    assert page.count("data:image/jpeg;base64,") == 42
    assert "http" not in page
    assert "$" not in page


def test_an_artefact_with_its_card_is_asked_all_splits(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A network that knows people by their mean colour."""
    path = mean_network(root / "tiny.onnx", ["n", 3, 16, 8], axes=[2, 3])
    write_tiny(path)
    assert main(["evaluate", str(path), "--data", f"miniature={root / 'data'}"]) == 0
    assert "13 queries, mean of 2 splits" in capsys.readouterr().out


def write_tiny(path: Path) -> None:
    found = card((None, 3, 16, 8))
    (vector,) = found.outputs
    outputs = (vector.model_copy(update={"shape": (None, 3)}),)
    write_card(found.model_copy(update={"sha256": artefact_sha256(path), "outputs": outputs}), path)


@pytest.mark.parametrize(
    ("run", "words", "expected"),
    [
        ("nowhere", [], "expected the folder of a stage, or an artefact .onnx, at"),
        (
            "run",
            ["--protocol", "mine"],
            "expected one of the protocols mars, ap3d, gao, tkp, duke, two-cameras, found mine",
        ),
        ("run", ["--matching", "video"], "expected --matching image-to-video, video-to-video, image-to-image, found v"),
        ("run", ["--split", "7"], "expected a split from 0 to 1 of miniature, found 7"),
        ("run", ["--device", "cuda:9"], "expected a GPU for --device cuda, found none"),
        ("run", ["--amp", "int8"], "expected --amp fp32, bf16 or fp16, found int8"),
        ("nothing.onnx", [], "nothing.onnx"),
    ],
)
def test_bad_input_is_one_line(
    root: Path, run: str, words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(root, run, *words) in (1, 2)
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1


def test_a_run_of_several_stages_wants_one_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    several = root / "several"
    for stage in ("frames", "clips"):
        (several / stage).mkdir(parents=True, exist_ok=True)
        (several / stage / "checkpoint.pt").write_bytes(b"")
    assert ask(root, "several") == 1
    assert "expected the folder of one stage, found those of clips, frames" in capsys.readouterr().err
    assert ask(root, "several/clips") == 1
    assert "found something else" in capsys.readouterr().err


def test_a_query_image_is_asked_by_the_image_network(tmp_path: Path) -> None:
    """TKP's two networks, at random weights: matching says which side is an image."""
    recipe = replace(small("gao-tp", "tkp-video-resnet50", height=64), objective=PropagationObjective())
    data = dataset_on_disk(tmp_path / "data")
    fit(recipe, Lesson(data.train, (data.seen,)), tmp_path / "run", console=QUIET)
    subject = read_subject(tmp_path / "run", machine=Machine())
    found = []
    for matching in ("image-to-video", "image-to-image", "video-to-video"):
        request = command.Request([tmp_path / "run"], "miniature=x", matching=matching)
        test = command._test(subject, request)  # noqa: SLF001
        found.append(subject.compare(data, test, lambda _: None))
        assert (test.query.rule == "first") is matching.startswith("image")
        assert (test.gallery == TestClips("first", 1)) is matching.endswith("image")
    assert not np.allclose(found[0].vectors, found[2].vectors)
    np.testing.assert_allclose(found[0].vectors, found[1].vectors, rtol=1e-5)
