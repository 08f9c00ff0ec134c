"""Why boxes carry the wrong identity: every error of IDF1, under the one cause that comes first on its way.

IDF1 names each true person after one person of the run, so that as many boxes as possible agree. A true box without
that name is missing, a drawn box with the name of somebody else is too much: these are its errors, each is one here.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from pipeline.evaluation.scoring import MATCH, Comparison, matches

Cause = Literal["missed_detection", "false_detection", "track_switch", "gate", "wrong_match", "missed_match"]
Track = tuple[str, int]
"""Camera and number of a track."""


@dataclass(frozen=True, slots=True)
class Causes:
    """Boxes by cause.

    Attributes:
        missed_detection: nobody drew a box there.
        false_detection: a box where nobody is, or a second one on somebody.
        track_switch: the track belongs to somebody else for the most part.
        gate: the track was never encoded, being too short or too poor.
        wrong_match: the track was taken for somebody else, or another box in the image claims the same person.
        missed_match: the track was taken for somebody new, or for one of several that one person became.
    """

    missed_detection: int = 0
    false_detection: int = 0
    track_switch: int = 0
    gate: int = 0
    wrong_match: int = 0
    missed_match: int = 0

    @property
    def total(self) -> int:
        return sum(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True, slots=True)
class IdentityErrors:
    """The errors of IDF1 over all cameras.

    Attributes:
        correct: true boxes that have the right name; as many drawn boxes have it.
        missing: true boxes without it.
        excess: drawn boxes with a name that is not that of whom they lie on.
    """

    correct: int
    missing: Causes
    excess: Causes

    @property
    def idf1(self) -> float:
        whole = 2 * self.correct + self.missing.total + self.excess.total
        return 2 * self.correct / whole if whole else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _ScoredFrame:
    """One frame of one camera.

    Attributes:
        truth: (N,) true persons.
        tracks, names: (M,) of the drawn boxes: number of the track, and the person that it carries.
        is_one: (N, M) bool, near enough to be one.
        drawn_on: for each true person the row of the box that lies on it, one to one.
    """

    camera: str
    truth: NDArray[np.int64]
    tracks: NDArray[np.int64]
    names: NDArray[np.int64]
    is_one: NDArray[np.bool_]
    drawn_on: dict[int, int]


def identity_errors(
    by_track: Mapping[str, Comparison], by_person: Mapping[str, Comparison], encoded: Collection[Track]
) -> IdentityErrors:
    """All errors, by cause.

    Args:
        by_track: truth and tracks of each camera, with numbers of tracks for ids.
        by_person: the same with persons for ids, numbered alike in all cameras.
        encoded: tracks that an event names.
    """
    scored_frames = [
        scored for camera in by_track for scored in _score_frames(camera, by_track[camera], by_person[camera])
    ]
    named_after = _best_naming(scored_frames)
    owner = {name: person for person, name in named_after.items()}
    judge = _Judge(set(encoded), _mostly(scored_frames), _usual_names(scored_frames), owner)
    correct = 0
    missing: dict[str, int] = Counter()
    excess: dict[str, int] = Counter()
    for scored in scored_frames:
        right = {
            row: column
            for row, person in enumerate(scored.truth.tolist())
            for column in np.flatnonzero(scored.is_one[row]).tolist()
            if named_after.get(person) == scored.names[column]
        }
        correct += len(right)
        for row in set(range(len(scored.truth))) - right.keys():
            missing[judge.missing(scored, row)] += 1
        for column in set(range(len(scored.tracks))) - set(right.values()):
            excess[judge.excess(scored, column, right.keys())] += 1
    return IdentityErrors(correct, Causes(**missing), Causes(**excess))


@dataclass(frozen=True, slots=True)
class _Judge:
    """Finds causes.

    Attributes:
        encoded: see `identity_errors`.
        mostly: the true person whom most boxes of a track lie on.
        usual: the name that most boxes of a track carry.
        owner: which true person a name stands for.
    """

    encoded: set[Track]
    mostly: dict[Track, int]
    usual: dict[Track, int]
    owner: dict[int, int]

    def missing(self, scored: _ScoredFrame, row: int) -> Cause:
        """Why a true box is without its name."""
        person = int(scored.truth[row])
        column = scored.drawn_on.get(person)
        return "missed_detection" if column is None else self._of_pair(scored, person, column)

    def excess(self, scored: _ScoredFrame, column: int, right_rows: Collection[int]) -> Cause:
        """Why a drawn box has a name that is not its person's."""
        for row, person in enumerate(scored.truth.tolist()):
            if scored.drawn_on.get(person) == column and row not in right_rows:
                return self._of_pair(scored, person, column)
        return "false_detection"

    def _of_pair(self, scored: _ScoredFrame, person: int, column: int) -> Cause:
        """Why a box that lies on somebody carries another name."""
        track, name = (scored.camera, int(scored.tracks[column])), int(scored.names[column])
        if self.mostly[track] != person:
            return "track_switch"
        if track not in self.encoded:
            return "gate"
        return "wrong_match" if name in self.owner or name != self.usual[track] else "missed_match"


def _score_frames(camera: str, by_track: Comparison, by_person: Comparison) -> list[_ScoredFrame]:
    found = matches(by_track)
    return [
        _ScoredFrame(
            camera=camera,
            truth=truth,
            tracks=tracks,
            names=names,
            is_one=similarity >= MATCH,
            drawn_on={person: tracks.tolist().index(track) for person, track in pairs.items()},
        )
        for truth, tracks, names, similarity, pairs in zip(
            by_track.truth_ids, by_track.track_ids, by_person.track_ids, by_track.similarity, found, strict=True
        )
    ]


def _best_naming(scored_frames: Sequence[_ScoredFrame]) -> dict[int, int]:
    """Each true person's name: one to one, so that as many boxes as possible agree."""
    agreed: Counter[tuple[int, int]] = Counter()
    for scored in scored_frames:
        rows, columns = np.nonzero(scored.is_one)
        agreed.update(zip(scored.truth[rows].tolist(), scored.names[columns].tolist(), strict=True))
    persons, names = (sorted({pair[side] for pair in agreed}) for side in (0, 1))
    table = np.array([[agreed[person, name] for name in names] for person in persons]).reshape(len(persons), len(names))
    rows, columns = linear_sum_assignment(-table)
    return {
        persons[row]: names[column]
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        if table[row, column]
    }


def _mostly(scored_frames: Sequence[_ScoredFrame]) -> dict[Track, int]:
    return _most_frequent(
        ((scored.camera, int(scored.tracks[column])), person)
        for scored in scored_frames
        for person, column in scored.drawn_on.items()
    )


def _usual_names(scored_frames: Sequence[_ScoredFrame]) -> dict[Track, int]:
    return _most_frequent(
        ((scored.camera, track), name)
        for scored in scored_frames
        for track, name in zip(scored.tracks.tolist(), scored.names.tolist(), strict=True)
    )


def _most_frequent(pairs: Iterable[tuple[Track, int]]) -> dict[Track, int]:
    """For each track the number that comes most often with it; the smallest of several."""
    counts: dict[Track, Counter[int]] = defaultdict(Counter)
    for track, number in pairs:
        counts[track][number] += 1
    return {track: min((-times, number) for number, times in count.items())[1] for track, count in counts.items()}
