"""From the description of a site to its score, by the commands: videos, run, evaluation."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from pipeline.cli import main
from pipeline.output.mot_files import read_tracks, read_truth, tracks_path
from testing.paths import ROOT

SHOP = ROOT / "configs" / "simulation" / "shop.yaml"
CAMERAS = ("hall", "shelves")
SECONDS = 3
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def record_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cameras of the shop, small, for three seconds."""
    folder = tmp_path_factory.mktemp("simulated")
    fields = yaml.safe_load(SHOP.read_text())
    for camera in fields["cameras"]:
        camera |= {"width": 480, "height": 270, "fps": 5}
    (folder / "site.yaml").write_text(yaml.safe_dump(fields))
    names = [word for camera in CAMERAS for word in ("--camera", camera)]
    out = folder / "out"
    assert main(["simulate", str(folder / "site.yaml"), "--out", str(out), "--seconds", str(SECONDS), *names]) == 0
    return out


def test_a_simulated_site_runs_as_it_is_and_its_errors_add_up(
    record_site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(record_site / "pipeline.yaml"), "--detector", "hog", "--encoder", "colour-stripes"]) == 0
    capsys.readouterr()
    assert main(["evaluate", str(record_site / "out"), "--truth", str(record_site / "truth"), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    correct = scores["errors"]["correct"]
    missing, excess = (sum(scores["errors"][which].values()) for which in ("missing", "excess"))
    true_boxes = sum(int(read_truth(record_site / "truth" / f"{camera}.txt").evaluated.sum()) for camera in CAMERAS)
    assert true_boxes > 40
    assert correct + missing == true_boxes
    assert correct + excess <= sum(len(read_tracks(tracks_path(record_site / "out", camera))) for camera in CAMERAS)
    assert scores["across"]["idf1"] == pytest.approx(2 * correct / (2 * correct + missing + excess) if correct else 0)
    assert [pair["cameras"] for pair in scores["by_pair"]] == [list(CAMERAS)]


def test_everybody_in_the_truth_is_on_the_floor_and_has_an_identity(record_site: Path) -> None:
    people = {each["number"]: each for each in json.loads((record_site / "identities.json").read_text())}
    floor = np.loadtxt(record_site / "floor.csv", delimiter=",", skiprows=1, usecols=(0, 1, 2, 3))
    for camera in CAMERAS:
        seen = set(read_truth(record_site / "truth" / f"{camera}.txt").ids.tolist())
        assert seen
        assert seen <= set(floor[:, 1].astype(int).tolist()) <= people.keys()
    assert {"female", "male"} >= {each["attributes"]["sex"] for each in people.values()}
