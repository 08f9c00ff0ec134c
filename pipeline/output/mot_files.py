"""Tracks and truth as MOT text: one box a line, `frame,id,x,y,w,h,...`, frames from 1, commas between.

In MOT16 and later a true box has 9 columns (column 8 is a class, column 9 how visible it is), in MOT15 it has 10
(columns 8 to 10 are a place in the world, or -1), and so it has in VisDrone (a class, truncated or not, how occluded).
Column 7 is a score in tracks, and says in truth whether the box counts.
"""

import configparser
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from passerby_events.errors import PasserbyError
from pipeline.output.files import written_whole

_LARGEST = 2.0**53
"""Beyond, whole numbers cannot be told from their neighbours, and none is a frame, an id or a pixel."""
TRACK_COLUMNS = 7
"""The fewest that tracks have; what follows them is not read."""
MOT15_COLUMNS = 10
MOT16_COLUMNS = 9
PEDESTRIAN = 1
DISTRACTORS = (2, 7, 8, 12)
"""Person on a vehicle, static person, distractor, reflection: a tracker may find these or not."""
MOT16_CLASSES = 12
VISDRONE_PEOPLE = (1, 2)
"""Pedestrian; people who sit or lie."""
VISDRONE_LIMITS = (11, 1, 2)
"""The largest class, truncation and occlusion of VisDrone."""
TruthFormat = Literal["mot15", "mot16", "visdrone"]
FEET_HEADER = ["frame", "id", "x_foot", "y_foot"]


class MotFileError(PasserbyError):
    """A file of tracks or of truth cannot be read or written."""


@dataclass(frozen=True, slots=True, eq=False)
class MotTracks:
    """The boxes that a tracker drew in one camera's frames, one row each.

    Attributes:
        frames: (N,) int64, from 1.
        ids: (N,) int64, which track.
        boxes: (N, 4) float32 xyxy pixels.
        scores: (N,) float32, confidence.
    """

    frames: NDArray[np.int64]
    ids: NDArray[np.int64]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        n = len(self.frames)
        if (self.ids.shape, self.boxes.shape, self.scores.shape) != ((n,), (n, 4), (n,)):
            raise ValueError(
                f"frames {self.frames.shape}, ids {self.ids.shape}, boxes {self.boxes.shape} and scores "
                f"{self.scores.shape} do not line up as (N,), (N,), (N, 4) and (N,)"
            )

    def __len__(self) -> int:
        return len(self.frames)

    def where(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """The rows of a mask, or of a list of indices."""
        return type(self)(self.frames[keep], self.ids[keep], self.boxes[keep], self.scores[keep])


@dataclass(frozen=True, slots=True, eq=False)
class MotTruth:
    """The people that are really in one camera's frames, one row each.

    Attributes:
        frames: (N,) int64, from 1.
        ids: (N,) int64, which person.
        boxes: (N, 4) float32 xyxy pixels.
        evaluated: (N,) bool, False where nobody is asked to find the box.
        ignored: (N,) bool, True where a tracker's box is neither right nor wrong (see `read_truth`).
        last_frame: the truth is complete up to this frame; what was tracked later is not scored.
    """

    frames: NDArray[np.int64]
    ids: NDArray[np.int64]
    boxes: NDArray[np.float32]
    evaluated: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    last_frame: int


@dataclass(frozen=True, slots=True, eq=False)
class FootTruth:
    """Where people stand in one camera's frames, as far as it is known: one row each, and not every person has one.

    Attributes:
        frames: (N,) int64, from 1.
        ids: (N,) int64, which person.
        points: (N, 2) float32, x and y in pixels.
        last_frame: the truth ends with this frame; what was tracked later is not scored.
    """

    frames: NDArray[np.int64]
    ids: NDArray[np.int64]
    points: NDArray[np.float32]
    last_frame: int


def tracks_path(directory: Path, camera: str) -> Path:
    """Where a run writes the tracks of a camera."""
    return directory / "tracks" / f"{camera}.txt"


def length_path(tracks: Path) -> Path:
    """Where a run writes how many frames a camera had, beside its tracks."""
    return tracks.with_suffix(".ini")


def read_tracks(path: Path) -> MotTracks:
    """The tracks of one camera; an empty file is a camera that saw nobody.

    Raises:
        MotFileError: if the file cannot be read, or names the first line that is not a box.
    """
    rows = [row[:TRACK_COLUMNS] for row in _rows(path, at_least=TRACK_COLUMNS)]
    table = np.array(rows, np.float64).reshape(-1, TRACK_COLUMNS)
    return MotTracks(
        frames=table[:, 0].astype(np.int64),
        ids=table[:, 1].astype(np.int64),
        boxes=_corners(table[:, 2:6]),
        scores=table[:, 6].astype(np.float32),
    )


def write_tracks(path: Path, tracks: MotTracks) -> None:
    """Writes tracks ordered by frame, then id; boxes to a hundredth of a pixel, scores to four digits.

    Raises:
        MotFileError: if the file cannot be written.
    """
    rows = np.lexsort((tracks.ids, tracks.frames)).tolist()
    frames, ids, boxes, scores = (array.tolist() for array in (tracks.frames, tracks.ids, tracks.boxes, tracks.scores))
    lines = (track_line(frames[i], ids[i], boxes[i], scores[i]) for i in rows)
    try:
        with written_whole(path) as partial:
            partial.write_text("".join(lines), encoding="ascii")
    except OSError as error:
        raise MotFileError(f"expected to write tracks to {path}: {error.strerror}; name another folder") from error


def track_line(frame: int, track: int, box: Sequence[float], score: float) -> str:
    """One line of a file of tracks, with its end.

    Args:
        frame: from 1.
        box: x1 y1 x2 y2 in pixels.
    """
    left, top, right, bottom = box
    return f"{frame},{track},{left:.2f},{top:.2f},{right - left:.2f},{bottom - top:.2f},{score:.4f},-1,-1,-1\n"


def read_truth(path: Path, *, last_frame: int | None = None, layout: TruthFormat | None = None) -> MotTruth:
    """The truth of one camera.

    MOT16 is read as MotChallenge scores it: pedestrians marked with 1 are evaluated, distractors ignored. In MOT15 rows
    marked
    with 1 count and those marked with 0 forgive: they are people whom nobody is asked to find, and finding them is no
    mistake. In VisDrone marked people count, and unmarked rows forgive.

    Args:
        last_frame: where the truth ends; the last frame that has a box, unless given.
        layout: what the columns mean; None where MOT15 and MOT16 can be told apart by their number and content.

    Raises:
        MotFileError: if the file is empty or cannot be read, its layout is not clear, or names the first line that is
            not a box.
    """
    rows = list(_rows(path, at_least=MOT16_COLUMNS))
    if not rows:
        raise MotFileError(f"{path}: expected true boxes, found an empty file; name the camera's gt.txt")
    columns = len(rows[0])
    if columns not in (MOT16_COLUMNS, MOT15_COLUMNS) or any(len(row) != columns for row in rows):
        raise MotFileError(f"{path}: expected {MOT16_COLUMNS} or {MOT15_COLUMNS} columns, the same in every line")
    table = np.array(rows, np.float64)
    evaluated, ignored = _roles(table, layout or _layout(table, path))
    frames = table[:, 0].astype(np.int64)
    return MotTruth(
        frames=frames,
        ids=table[:, 1].astype(np.int64),
        boxes=_corners(table[:, 2:6]),
        evaluated=evaluated,
        ignored=ignored,
        last_frame=last_frame or int(frames.max()),
    )


def _layout(table: NDArray[np.float64], path: Path) -> TruthFormat:
    """What the columns of a file mean, where its content leaves no doubt."""
    rest = table[:, 7:]
    is_whole = bool((rest == np.floor(rest)).all()) and bool((rest >= 0).all())
    if table.shape[1] == MOT16_COLUMNS:
        classes, visibility = rest[:, 0], rest[:, 1]
        if np.isin(classes, np.arange(MOT16_CLASSES + 1)).all() and ((visibility >= -1) & (visibility <= 1)).all():
            return "mot16"
        found = "columns 8 and 9 that are no class (1 to 12) and no visibility (0 to 1)"
    elif is_whole and (rest <= VISDRONE_LIMITS).all():
        found = "columns 8 to 10 that look like VisDrone's class, truncation and occlusion, and may be a place"
    else:
        return "mot15"
    raise MotFileError(f"{path}: expected truth as MOT15 or MOT16, found {found}; say which with --truth-format")


def _roles(table: NDArray[np.float64], layout: TruthFormat) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows count, and which forgive."""
    marked, classes = table[:, 6] != 0, table[:, 7]
    match layout:
        case "mot15":
            return marked, ~marked
        case "mot16":
            return marked & (classes == PEDESTRIAN), np.isin(classes, DISTRACTORS)
        case "visdrone":
            return marked & np.isin(classes, VISDRONE_PEOPLE), ~marked


def read_sequence_length(path: Path) -> int:
    """The number of frames that a MOT `seqinfo.ini` gives.

    Raises:
        MotFileError: if the file cannot be read or gives none.
    """
    parser = configparser.ConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        return parser.getint("Sequence", "seqLength")
    except (OSError, UnicodeDecodeError, configparser.Error, ValueError) as error:
        raise MotFileError(f"{path}: expected seqLength in a section [Sequence]: {error}") from error


def read_frame_rate(path: Path) -> float | None:
    """The frames per second that a MOT `seqinfo.ini` gives; None where it gives none."""
    parser = configparser.ConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        return parser.getfloat("Sequence", "frameRate", fallback=None)
    except (OSError, UnicodeDecodeError, configparser.Error, ValueError):
        return None


def write_sequence_length(path: Path, name: str, frames: int, frame_rate: float | None = None) -> None:
    """Writes a number of frames, and how many came in a second, as a MOT `seqinfo.ini` gives them."""
    rate = "" if frame_rate is None else f"frameRate={frame_rate:.6g}\n"
    with written_whole(path) as partial:
        partial.write_text(f"[Sequence]\nname={name}\n{rate}seqLength={frames}\n", encoding="utf-8")


def read_feet(path: Path, *, last_frame: int | None = None) -> FootTruth:
    """Foot points from a table `frame,id,x_foot,y_foot` with that header.

    Args:
        last_frame: where the truth ends; the last frame that has a point, unless given.

    Raises:
        MotFileError: if the file cannot be read, has no points, or names the first line that is not a point.
    """
    lines = list(csv.reader(_lines(path)))
    if len(lines) < 2 or lines[0] != FEET_HEADER:
        raise MotFileError(f"{path}: expected the header {','.join(FEET_HEADER)}, and points below it")
    rows = [_numbers(line, path, number, len(FEET_HEADER)) for number, line in enumerate(lines[1:], start=2)]
    table = np.array([row[: len(FEET_HEADER)] for row in rows], np.float64)
    frames = table[:, 0].astype(np.int64)
    return FootTruth(
        frames, table[:, 1].astype(np.int64), table[:, 2:].astype(np.float32), last_frame or int(frames.max())
    )


def _corners(boxes_xywh: NDArray[np.float64]) -> NDArray[np.float32]:
    """(N, 4) x y width height -> (N, 4) xyxy."""
    return np.hstack((boxes_xywh[:, :2], boxes_xywh[:, :2] + boxes_xywh[:, 2:])).astype(np.float32)


def _rows(path: Path, *, at_least: int) -> Iterator[list[float]]:
    for number, line in enumerate(_lines(path), start=1):
        if line.strip():
            row = _numbers(line.rstrip(" \t,").split(","), path, number, at_least)
            _check_box(row, path, number)
            yield row


def _lines(path: Path) -> list[str]:
    try:
        # Some editors put a mark before the first letter.
        return path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise MotFileError(f"expected a table at {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MotFileError(f"{path}: expected lines of text, found bytes that are none") from error


def _numbers(fields: Sequence[str], path: Path, number: int, at_least: int) -> list[float]:
    try:
        row = [float(field) for field in fields]
    except ValueError as error:
        raise MotFileError(f"{path}:{number}: expected numbers with commas between, found {fields}") from error
    if len(row) < at_least or not np.isfinite(row).all():
        raise MotFileError(f"{path}:{number}: expected {at_least} finite numbers or more, found {fields}")
    if max(map(abs, row)) > _LARGEST:
        raise MotFileError(f"{path}:{number}: expected numbers of at most {_LARGEST:g}, found {fields}")
    return row


def _check_box(row: Sequence[float], path: Path, number: int) -> None:
    frame, width, height = row[0], row[4], row[5]
    if frame < 1 or not frame.is_integer() or not row[1].is_integer() or width < 0 or height < 0:
        raise MotFileError(
            f"{path}:{number}: expected a whole frame from 1, a whole id, and a box whose sides are not negative, "
            f"found {row[:6]}"
        )
