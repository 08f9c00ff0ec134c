"""Which recipes run on a lent GPU, for how many steps, and on whom."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.capacity.gpu_people import EVERYBODY, LEARNT, put_together
from benchmarks.capacity.gpu_runs import CAUTION, LEAST, MOST, RUNS, START_S, UNKNOWN, Setup, learnt, steps_for
from benchmarks.capacity.gpu_speed import Measured, add, params_of, read
from benchmarks.capacity.gpu_training import speeds, steps
from reid_models.architectures.catalogue import CATALOGUE
from reid_models.training.commands.fit import Changes
from reid_models.training.data import CropSet, read_crop_set, write_crop_set
from reid_models.training.datasets.catalogue import read_dataset
from reid_models.training.recipes.catalogue import read_plan


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup("cuda", is_toy=False, work=tmp_path, out=tmp_path, budget_s=540.0)


def test_as_many_steps_are_run_as_the_time_is_enough_for() -> None:
    """COSAM: 32 clips of 4 frames a step."""
    plan = read_plan("cosam-tp")
    assert steps_for(plan, START_S + 100 / CAUTION, 128.0, feed_s=0.0) == 100
    assert steps_for(plan, START_S + 10, 1e9, feed_s=0.1) == 100
    assert steps_for(plan, START_S, 128.0, feed_s=0.0) == LEAST
    assert steps_for(plan, 1e6, 1e9, feed_s=0.01) == MOST
    assert steps_for(plan, 30.0, None, feed_s=0.1) == UNKNOWN


def test_the_stages_of_a_plan_share_its_time() -> None:
    """GLTR: 128 frames, then 10 clips of 16."""
    seconds = 2 * START_S + 50 * (128 + 160) / (CAUTION * 1000)
    assert steps_for(read_plan("gltr"), seconds, 1000.0, feed_s=0.0) == pytest.approx(50, abs=1)


def test_the_five_main_papers_are_run_at_their_own_size_and_first() -> None:
    papers = [read_plan(run.recipe).stages[-1].recipe.paper for run in RUNS]
    assert papers == ["cosam", "gltr", "tkp", "attributes", "vrstc", "ours"]
    for run in RUNS[:-1]:
        recipes = read_plan(run.recipe).mapped(Changes(fields=run.fields).of).stages
        network = recipes[-1].recipe.network
        assert network.name == run.network
        assert network.clip == CATALOGUE[run.network].clip
        assert (network.trunk or CATALOGUE[run.network].trunk).kind == "resnet50"
        assert {stage.recipe.network.weights for stage in recipes} == {None}
        assert params_of(run.network, toy=False).clip == network.clip


def test_every_network_of_the_catalogue_is_measured(setup: Setup) -> None:
    names = [name for step in steps(setup) for name in getattr(step.run, "keywords", {}).get("names", ())]
    assert set(CATALOGUE) - {"compact-stripes-ibn"} <= set(names)
    assert "encoder" in names


def test_a_run_that_has_not_begun_has_learnt_nothing(setup: Setup) -> None:
    assert learnt(RUNS[0], setup).first is None
    assert learnt(RUNS[0], setup).steps == 0


def test_speeds_survive_a_cut_and_what_failed_once_counts_no_more_when_it_was_measured(setup: Setup) -> None:
    path = setup.work / "speeds.jsonl"
    failed = Measured("a", "training", "bf16", None, 2, "4 x 8 x 4", "no memory")
    measured = replace(failed, clips_per_s=7.0, words="")
    add(failed, path)
    path.write_bytes(path.read_bytes() + path.read_bytes()[:30])
    assert speeds(setup.work)["a"].failed == {("training", "bf16"): "no memory"}
    add(measured, path)
    assert read(path) == [failed, measured]
    assert speeds(setup.work)["a"].clips_per_s == {("training", "bf16"): 7.0}
    assert speeds(setup.work)["a"].failed == {}


def test_nobody_who_is_asked_for_is_learnt_from(tmp_path: Path) -> None:
    """Also by recipes that learn from crops and know of no rule. Two pieces of six persons; colours number them."""
    pieces = [tmp_path / f"piece{number}" for number in range(2)]
    for number, piece in enumerate(pieces):
        persons = np.repeat(np.arange(6) + 6 * number, 2)
        crops = np.full((12, 9, 6, 4), persons[:, None, None, None], np.uint8)
        write_crop_set(piece, CropSet((crops,), persons, np.tile([3, 5], 6), margin=0.0))
    put_together(pieces, tmp_path)
    people = read_dataset("simulated", tmp_path / EVERYBODY)
    assert set(people.query.persons) == {4, 9}
    assert len(people.query) == 4
    assert len(people.train) == 20
    learnt_from = read_crop_set([tmp_path / LEARNT])
    assert [int(crop[0, 0, 0]) for crop in learnt_from.parts[0][::2]] == [0, 1, 2, 3, 5, 6, 7, 8, 10, 11]
    np.testing.assert_array_equal(learnt_from.cameras, np.tile([3, 5], 10))
