from dataclasses import replace
from pathlib import Path

import pytest

from reid_models.training.cli import main
from reid_models.training.evaluation.outcome import FOLDER, Outcome, Question, keep, read

OURS = Outcome(
    network="runs/gao/clips",
    question=Question("mars", 0, "gao", "euclidean", "video_to_video"),
    queries=1840,
    gallery=9330,
    scores={"R1": 0.825, "R5": 0.93, "mAP": 0.7512, "mINP": 0.4},
    intervals={},
    cameras=(),
    recipe="gao-tp",
    stage="clips",
)


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main(["results", "--markdown", *words]) == 0
    return capsys.readouterr().out.splitlines()


def test_nothing_was_run_where_nothing_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, "--paper", "gao")
    assert "| TP | mars | gao | mAP | 75.80 | not run: data absent |  | gao-tp |" in lines
    assert not any("3D convolution" in line for line in lines)
    assert "runs" not in lines


def test_ours_stand_beside_the_paper_s(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert keep(OURS, tmp_path / "gao/clips").parent.name == FOLDER
    keep(replace(OURS, seed=1, scores={**OURS.scores, "mAP": 0.7712}), tmp_path / "again/clips")
    lines = shown(capsys, "--paper", "gao", "--runs", str(tmp_path), "--data", "mars")
    assert "| TP | mars | gao | mAP | 75.80 | 76.12 ± 1.41 of 2 | +0.32 | gao-tp |" in lines
    assert "| TP | mars | gao | R1 | 83.10 | 82.50 ± 0.00 of 2 | -0.60 | gao-tp |" in lines
    assert "| TP | mars | gao | R20 | 96.80 | not run |  | gao-tp |" in lines
    assert any(line.startswith("| gao-tp | clips | mars | gao | 2 | 76.12 ± 1.41 of 2 |") for line in lines)


def test_figures_without_a_recipe_are_shown_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, "--paper", "gao", "--all")
    assert "| 3D convolution | mars | gao | mAP | 70.50 | no recipe |  |  |" in lines


def test_every_paper_has_its_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["results"]) == 0
    out = capsys.readouterr().out
    for paper in ("cosam", "gltr", "tkp", "attributes", "vrstc", "sta, not read in the paper itself"):
        assert paper in out


def test_a_paper_that_is_not_there_and_a_spoilt_file_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["results", "--paper", "resnet"]) == 2
    assert "expected one of the papers gao, cosam," in capsys.readouterr().err
    path = keep(OURS, tmp_path)
    assert read(path) == OURS
    path.write_text('{"network": 3}')
    assert main(["results", "--runs", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert "evaluate anew" in error
    assert error.count("\n") == 1
