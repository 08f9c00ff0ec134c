"""The page of the worst and the best queries: one HTML file with small images in it, and nothing else needed."""

# Q queries, G rows that are searched

import base64
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_models.ranking import DISTRACTOR, Ranking
from reid_models.training.evaluation.outcome import Outcome
from reid_models.training.evaluation.protocols import Match
from reid_models.training.tracklets import Dataset

SHOWN = 10
"""Rows of the gallery after each query."""
ROWS = 20
"""Queries of each kind."""
HEIGHT, WIDTH = 128, 64
QUALITY = 80


@dataclass(frozen=True, slots=True)
class _Found:
    """One row that a query found: its column, its rank from 1, and whether it is the person."""

    column: int
    place: int
    is_right: bool


def write_page(path: Path, outcome: Outcome, match: Match, dataset: Dataset, *, rows: int = ROWS) -> None:
    """Writes the page.

    Args:
        path: of the file.
        outcome: for its head.
        match: that is shown.
        dataset: whose tracklets it is of; the middle frame of each is shown.
        rows: queries of each kind, at most.

    Raises:
        DatasetError: if a frame cannot be read.
        OSError: if the file cannot be written.
    """
    ranking = match.ranking()
    is_counted = np.flatnonzero(ranking.first_place >= 0)
    # Of equally bad ones first the one that found its person last.
    order = is_counted[
        np.lexsort((-ranking.first_place[is_counted], np.round(ranking.average_precision[is_counted], 6)))
    ]
    count = min(rows, (len(order) + 1) // 2)
    worst, best = order[:count], order[::-1][: min(rows, len(order) - count)]
    question = outcome.question
    text = Template((resources.files(__package__) / "page.html").read_text(encoding="utf-8")).substitute(
        title=escape(f"{outcome.network} on {question.data}"),
        question=escape(
            f"protocol {question.protocol}, {question.distance}, {question.matching.replace('_', ' ')}; "
            f"{outcome.queries} queries counted among {outcome.gallery} tracklets"
        ),
        scores=escape(", ".join(f"{name} {value:.1%}" for name, value in outcome.scores.items())),
        worst_note=(
            "Those of the lowest average precision: ten first rows, right (✓) or wrong (✗), how alike they are, their "
            "camera and person; behind the dashed line the first right one, where it is not among them."
        ),
        worst="\n".join(_row(int(query), match, ranking, dataset) for query in worst),
        best="\n".join(_row(int(query), match, ranking, dataset) for query in best),
        footer=f"The {count} worst and {len(best)} best of {len(order)} queries; what was left out of their ranks, "
        "rows of their own person and camera, is not shown.",
    )
    path.write_text(text, encoding="utf-8")


def _row(query: int, match: Match, ranking: Ranking, dataset: Dataset) -> str:
    person, camera = int(match.queries.persons[query]), int(match.queries.cameras[query])
    found = _first(query, match)
    later = "" if any(each.is_right for each in found) else _figure(_hit(query, match, ranking), match, query, dataset)
    return (
        f'<div class="row"><div class="query"><img alt="query" src="{_image(query, dataset)}"><div>'
        f"<b>AP {ranking.average_precision[query]:.1%}</b><span>person {person}</span><span>camera {camera}</span>"
        f"<span>first right at {ranking.first_place[query] + 1}</span></div></div>"
        f'<div class="found">{"".join(_figure(each, match, query, dataset) for each in found)}{later}</div></div>'
    )


def _first(query: int, match: Match) -> list[_Found]:
    """The first rows of a query, those of its own person and camera left out."""
    is_same, columns = _same(query, match), _ranked(query, match)
    return [_Found(column, place, bool(is_same[column])) for place, column in enumerate(columns[:SHOWN].tolist(), 1)]


def _hit(query: int, match: Match, ranking: Ranking) -> _Found:
    """The first right row of a query."""
    is_same, columns = _same(query, match), _ranked(query, match)
    return _Found(int(columns[is_same[columns]][0]), int(ranking.first_place[query]) + 1, True)


def _ranked(query: int, match: Match) -> NDArray[np.int64]:
    """Columns that count, best first; of equally alike ones the wrong ones first, as the ranks have it."""
    is_same = _same(query, match)
    counts = ~(is_same & (match.searched.who.cameras == match.queries.cameras[query]))
    order = np.lexsort((is_same, -match.similarity[query]))
    columns: NDArray[np.int64] = order[counts[order]]
    return columns


def _same(query: int, match: Match) -> NDArray[np.bool_]:
    persons = match.searched.who.persons
    same: NDArray[np.bool_] = (persons == match.queries.persons[query]) & (persons != DISTRACTOR)
    return same


def _figure(found: _Found, match: Match, query: int, dataset: Dataset) -> str:
    kinds = [*["right"] * found.is_right, *["later"] * (found.place > SHOWN)]
    person = int(match.searched.who.persons[found.column])
    who = "nobody's" if person == DISTRACTOR else f"person {person}"
    tracklet = int(match.searched.tracklets[found.column])
    return (
        f'<figure class="{" ".join(kinds)}"><img alt="{"right" if found.is_right else "wrong"}" '
        f'src="{_image(tracklet, dataset)}"><figcaption><b>{"✓" if found.is_right else "✗"} '
        f"{match.similarity[query, found.column]:.2f}</b><span>{who}</span>"
        f"<span>camera {match.searched.who.cameras[found.column]}</span>"
        f"{f'<span>rank {found.place}</span>' if found.place > SHOWN else ''}</figcaption></figure>"
    )


def _image(tracklet: int, dataset: Dataset) -> str:
    """The middle frame of a tracklet, small, as a data address; tracklets are numbered as `Searched` numbers them."""
    is_query = tracklet < len(dataset.query)
    people = dataset.query if is_query else dataset.gallery
    row = tracklet if is_query else tracklet - len(dataset.query)
    (frame,) = people.read(row, np.array([people.lengths[row] // 2]))
    small = cv2.resize(frame[..., :3], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"
