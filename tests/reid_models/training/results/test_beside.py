from dataclasses import replace

import pytest

from reid_models.training.evaluation.outcome import Outcome, Question, Reranked
from reid_models.training.results.beside import beside, grouped, mean_of
from reid_models.training.results.figures import Figure

FIGURE = Figure("gltr", "GLTR", "mars", "mars", "video_to_video", False, "R1", 87.02, "gltr", "2.3", "")
STAGES = {"gltr": "clips"}
OURS = Outcome(
    network="runs/gltr/clips",
    question=Question("mars", 0, "mars", "cosine", "video_to_video"),
    queries=1980,
    gallery=11310,
    scores={"R1": 0.85, "mAP": 0.77},
    intervals={},
    cameras=(),
    recipe="gltr",
    stage="clips",
)


def test_runs_of_the_recipe_are_laid_beside_its_figure() -> None:
    found = beside(FIGURE, grouped([OURS, replace(OURS, scores={"R1": 0.87}, seed=1)]), last_stages=STAGES)
    assert found is not None
    _, mean = found
    assert mean.runs == 2
    assert mean.value == pytest.approx(86.0)
    assert mean.spread == pytest.approx(2**0.5)


@pytest.mark.parametrize(
    "other",
    [
        replace(OURS, recipe="gltr-dtp"),
        replace(OURS, stage="frames"),
        replace(OURS, recipe=""),
        replace(OURS, question=replace(OURS.question, data="ls-vid")),
        replace(OURS, question=replace(OURS.question, protocol="gao")),
        replace(OURS, question=replace(OURS.question, matching="image_to_video")),
        replace(OURS, scores={"mAP": 0.9}),
    ],
)
def test_runs_of_something_else_are_not(other: Outcome) -> None:
    assert beside(FIGURE, grouped([other]), last_stages=STAGES) is None


def test_where_the_paper_does_not_say_how_it_counted_any_protocol_is_laid_beside_it() -> None:
    assert beside(replace(FIGURE, protocol=None), grouped([OURS]), last_stages=STAGES) is not None


def test_a_changed_recipe_is_laid_beside_it_only_where_there_is_no_other() -> None:
    changed = replace(OURS, changes=("network.trunk was None and is compact",), scores={"R1": 0.5})
    found = beside(FIGURE, grouped([changed]), last_stages=STAGES)
    assert found is not None
    assert found[0].changes == changed.changes
    found = beside(FIGURE, grouped([changed, OURS]), last_stages=STAGES)
    assert found is not None
    assert found[1].value == pytest.approx(85.0)


def test_re_ranked_and_plain_scores_are_never_mixed() -> None:
    figure = replace(FIGURE, is_reranked=True, value=88.0)
    assert beside(figure, grouped([OURS]), last_stages=STAGES) is None
    both = replace(OURS, reranked=Reranked("re-ranked", {"R1": 0.9}))
    found = beside(figure, grouped([both]), last_stages=STAGES)
    assert found is not None
    assert found[1].value == pytest.approx(90.0)
    plain = mean_of([both], "R1")
    assert plain is not None
    assert plain.spread is None
    assert plain.value == pytest.approx(85.0)
