"""What came of an evaluation, as it is kept: numbers, and everything that they depend on."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from passerby_events.errors import PasserbyError
from reid_models.training.evaluation.protocols import Match, reranked
from reid_models.training.evaluation.reranking import RerankParams
from reid_models.training.evaluation.scores import (
    CameraPair,
    Interval,
    Scores,
    by_camera,
    intervals,
    mean_of,
    scores,
    verification,
)

FOLDER = "evaluations"
"""In the folder of a stage."""


class OutcomeError(PasserbyError):
    """A kept evaluation that cannot be read."""


@dataclass(frozen=True, slots=True)
class Question:
    """What an evaluation's numbers depend on, beside the network.

    Attributes:
        data: name of the data set.
        split: of it.
        protocol, distance, matching: see `TestParams`.
    """

    data: str
    split: int
    protocol: str
    distance: str
    matching: str


@dataclass(frozen=True, slots=True)
class Reranked:
    """Another task: every query saw the whole gallery and all other queries.

    Attributes:
        title: what was done, with its parameters.
        scores: see `scores`.
    """

    title: str
    scores: Scores


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    Attributes:
        network: what was evaluated.
        question: see there.
        queries, gallery: how many were counted, and searched.
        scores: shares by name: mAP, mINP, R1, R5, R10, R20, and true positives at rates of false ones.
        intervals: 95 % of the draws of other queries.
        cameras: camera by camera.
        reranked: see there; None: nobody asked.
        recipe: name of the recipe; empty: an artefact.
        stage: of the recipe.
        changes: fields that are not those of the recipe of that name.
        steps: that it has learnt for.
        seed: of the run.
        seen: the data that it was trained on, in words.
    """

    network: str
    question: Question
    queries: int
    gallery: int
    scores: Scores
    intervals: dict[str, Interval]
    cameras: tuple[CameraPair, ...]
    reranked: Reranked | None = None
    recipe: str = ""
    stage: str = ""
    changes: tuple[str, ...] = ()
    steps: int = 0
    seed: int = 0
    seen: tuple[str, ...] = ()


def outcome_of(network: str, question: Question, match: Match, *, rerank: RerankParams | None = None) -> Outcome:
    """The numbers of a match.

    Args:
        network: that made it.
        question: that it answers.
        match: see there.
        rerank: how it is re-ranked beside that; None: not.

    Raises:
        RankingError: if no query has anything to find.
        DatasetError: if it cannot be re-ranked.
    """
    ranking = match.ranking()
    again = None
    if rerank is not None:
        again = Reranked(rerank.title, scores(reranked(match, rerank, distance=question.distance).ranking()))
    return Outcome(
        network=network,
        question=question,
        queries=ranking.queries,
        gallery=len(match.searched.tracklets),
        scores={**scores(ranking), **verification(match)},
        intervals=intervals(ranking),
        cameras=tuple(by_camera(match)),
        reranked=again,
    )


def mean_outcome(outcomes: Sequence[Outcome]) -> Outcome:
    """Over the splits of a data set: means of the scores, sums of the counts; the first one's where it is one."""
    first = outcomes[0]
    if len(outcomes) == 1:
        return first
    again = [outcome.reranked for outcome in outcomes if outcome.reranked is not None]
    return replace(
        first,
        queries=sum(outcome.queries for outcome in outcomes),
        gallery=sum(outcome.gallery for outcome in outcomes),
        scores=mean_of([outcome.scores for outcome in outcomes]),
        intervals={},
        cameras=(),
        reranked=Reranked(again[0].title, mean_of([each.scores for each in again])) if again else None,
    )


def keep(outcome: Outcome, folder: Path) -> Path:
    """Leaves it in the folder of its stage, where `results` finds it; a later one of the same question replaces it."""
    question = outcome.question
    folder = folder / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{question.data}-{question.split}-{question.protocol}-{question.matching}.json"
    write(outcome, path)
    return path


def write(outcome: Outcome | Sequence[Outcome], path: Path) -> None:
    """As JSON: one, or those of several splits."""
    fields = asdict(outcome) if isinstance(outcome, Outcome) else [asdict(each) for each in outcome]
    path.write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> Outcome:
    """The outcome in a file.

    Raises:
        OutcomeError: if it is none.
    """
    try:
        return TypeAdapter(Outcome).validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(place) for place in first["loc"]) or "the file"
        raise OutcomeError(
            f"{path}: expected what `reid-train evaluate` writes, found {where}: {first['msg']}: evaluate anew"
        ) from error


def kept_below(folders: Iterable[Path]) -> list[Outcome]:
    """Every outcome that is kept in stages below some folders, in the order of their paths.

    Raises:
        OutcomeError: if one cannot be read.
    """
    return [read(path) for folder in folders for path in sorted(folder.rglob(f"{FOLDER}/*.json"))]
