"""`reid-train import`: what a run of `reid-pipeline run` saw, as tracklets in the layout of MARS.

Who somebody is, the run decided: labels are as right as it was. Tracks without a person, and those of persons who were
erased, are left out.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import cv2
import numpy as np
from numpy.typing import NDArray

from passerby_events.recordings import read_recording
from passerby_events.reducing import fold, persons_of_camera
from passerby_events.tracks import TrackKey
from reid_models.clips import spread
from reid_models.training.tracklets import DatasetError, Image, read_image

Name = TypeVar("Name", str, UUID)
EVENTS, TRACKS, THUMBNAILS = "events.jsonl", "tracks", "thumbnails"
"""What a run writes: who is who; boxes of each camera as MOT text; with `--thumbnails` a crop of each tracklet."""
SMALLEST_PX = 8
"""Of a crop's sides, cut to the image: less is the border of somebody."""
JPEG_QUALITY = 95
PERSONS = "persons.csv"


@dataclass(frozen=True, slots=True)
class Imported:
    """How many of each were written."""

    crops: int
    tracklets: int
    persons: int


def import_run(run: Path, out: Path, videos: Mapping[str, Path], *, most: int) -> Imported:
    """Writes the crops of every track that has a person.

    Args:
        run: folder of the run.
        out: takes `<person>/<person>C<camera>T<tracklet>F<frame>.jpg`, and `persons.csv` with what the run calls them.
        videos: recording of each camera, which crops are cut from. None of any: the images that the run kept.
        most: crops of a track, spread over it.

    Raises:
        DatasetError: if there is something in `out`, or videos, tracks or images are missing.
        EventsError: if the run's events cannot be read.
    """
    if out.exists() and any(out.iterdir()):
        raise DatasetError(f"expected an empty folder or none at {out}, found files: name another")
    persons_by_track = fold(read_recording(run / EVENTS)).persons_by_track
    found = _from_videos(run, persons_by_track, videos, most) if videos else _from_thumbnails(run, persons_by_track)
    writer = _Writer(out, persons_by_track)
    for track, crop in found:
        writer.write(track, crop)
    if not writer.frames:
        raise DatasetError(f"expected tracks with persons in {run}, found none: see its {EVENTS}")
    return writer.finish()


def _from_videos(
    run: Path, persons_by_track: Mapping[TrackKey, UUID], videos: Mapping[str, Path], most: int
) -> Iterator[tuple[TrackKey, Image]]:
    for camera, video in videos.items():
        # Refuses a camera that was started twice: its file has the tracks of one start only.
        numbers = persons_of_camera(persons_by_track, camera)
        keys = {key.track: key for key in persons_by_track if key.camera == camera}
        wanted = _spread(_rows(run / TRACKS / f"{camera}.txt"), set(numbers), most)
        for track, crop in _cut(video, wanted):
            yield keys[track], crop


def _rows(path: Path) -> NDArray[np.float64]:
    """(N, 6): frame from 1, track, x, y, width, height."""
    try:
        return np.loadtxt(path, delimiter=",", usecols=range(6), ndmin=2)
    except (OSError, ValueError) as error:
        raise DatasetError(f"expected tracks as MOT text at {path}, found {error}: name the run's cameras") from error


def _spread(rows: NDArray[np.float64], tracks: set[int], most: int) -> NDArray[np.float64]:
    """The rows of these tracks, at most so many of each, in order of time."""
    chosen = []
    for track in sorted(tracks):
        own = rows[rows[:, 1] == track]
        if len(own):
            own = own[np.argsort(own[:, 0], kind="stable")]
            chosen.append(own[spread(len(own), min(most, len(own)))])
    table = np.concatenate(chosen) if chosen else rows[:0]
    ordered: NDArray[np.float64] = table[np.argsort(table[:, 0], kind="stable")]
    return ordered


def _cut(video: Path, rows: NDArray[np.float64]) -> Iterator[tuple[int, Image]]:
    """Track and crop of each row; every frame of the video is read once."""
    capture = cv2.VideoCapture(str(video))
    if not capture.isOpened():
        raise DatasetError(f"expected a video at {video}, found none that can be read: check the path")
    try:
        at = 0
        for row in rows:
            frame = int(row[0])
            while at < frame and capture.grab():
                at += 1
            there, image = capture.retrieve() if at == frame else (False, None)
            if not there or image is None:
                raise DatasetError(
                    f"expected frame {frame} in {video}, found {at} frames: name the recording of the run"
                )
            crop = _within(np.asarray(image, np.uint8), row[2:6])
            if min(crop.shape[:2]) >= SMALLEST_PX:
                yield int(row[1]), crop[..., ::-1]
    finally:
        capture.release()


def _within(image: Image, box: NDArray[np.float64]) -> Image:
    left, top = np.maximum(box[:2].round(), 0).astype(int)
    right, bottom = np.maximum((box[:2] + box[2:]).round(), 0).astype(int)
    return image[top:bottom, left:right]


def _from_thumbnails(run: Path, persons_by_track: Mapping[TrackKey, UUID]) -> Iterator[tuple[TrackKey, Image]]:
    if not (run / THUMBNAILS).is_dir():
        raise DatasetError(
            f"expected --video CAMERA=FILE, or {run / THUMBNAILS} from a run with --thumbnails, found neither"
        )
    for key in persons_by_track:
        beginning = f"{key.session}-{key.track}-"
        paths = (run / THUMBNAILS / key.camera).glob(f"{beginning}*.jpg")
        for path in sorted(paths, key=lambda path: int(path.stem.removeprefix(beginning))):
            yield key, read_image(path)


class _Writer:
    """Numbers persons and cameras from 1, and the tracklets of a person, in the order of the run's events."""

    def __init__(self, out: Path, persons_by_track: Mapping[TrackKey, UUID]) -> None:
        self._out = out
        self._persons = _numbered(persons_by_track.values())
        self._cameras = _numbered(sorted({key.camera for key in persons_by_track}))
        self._names: dict[TrackKey, str] = {}
        tracklets: dict[UUID, int] = {}
        for key, person in persons_by_track.items():
            tracklets[person] = tracklets.get(person, 0) + 1
            number = self._persons[person]
            self._names[key] = f"{number:04d}C{self._cameras[key.camera]}T{tracklets[person]:04d}"
        self.frames: dict[TrackKey, int] = {}

    def write(self, track: TrackKey, crop: Image) -> None:
        """One crop, as the next frame of its tracklet."""
        self.frames[track] = self.frames.get(track, 0) + 1
        name = self._names[track]
        folder = self._out / name.partition("C")[0]
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}F{self.frames[track]:03d}.jpg"
        cv2.imwrite(str(path), np.ascontiguousarray(crop[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])

    def finish(self) -> Imported:
        """Writes what the run calls the persons, and counts."""
        there = {self._names[key].partition("C")[0] for key in self.frames}
        with (self._out / PERSONS).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("person", "id"))
            writer.writerows((number, person) for person, number in self._persons.items() if f"{number:04d}" in there)
        return Imported(sum(self.frames.values()), len(self.frames), len(there))


def _numbered(names: Iterable[Name]) -> dict[Name, int]:
    return {name: number for number, name in enumerate(dict.fromkeys(names), start=1)}
