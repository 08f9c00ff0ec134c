"""The traffic of a large simulated site without its images: true tracks, embeddings made up for them, and the truth.

Cameras hang over the crossings of a grid of streets and see a disc each; between two discs nobody is seen. What a
network would say of somebody is a vector of that person, one of the track (light, angle) and one of the tracklet.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from passerby_events.tracks import TrackKey
from pipeline.output.mot_files import MotTracks, MotTruth
from pipeline.records import EmbeddedWindow, Embedding, TrackEnd
from pipeline.site import Site, Transit
from reid_simulation.world.plan import Place, Plan, Walk
from reid_simulation.world.scenario import Scenario, Traffic

SITE = "load"
MODEL = "simulated@1"
DIMENSIONS = 32
SPACING_M = 14.0
SEEN_M = 5.0
"""Radius of what a camera sees."""
FRAMES_HZ = 2
TRACKLET_S = 2.0
WINDOW_S = 1.0
TRACK_NOISE, TRACKLET_NOISE = 0.7, 0.4
"""Lengths of the two other vectors; that of the person is 1."""
PIXELS_PER_M = 40.0
RUN = "r"


@dataclass(frozen=True, slots=True)
class Load:
    """
    Attributes:
        columns, rows: of the grid of cameras.
        seconds: of traffic.
        arrivals_per_minute: parties that come.
        seed: of everything.
    """

    columns: int = 10
    rows: int = 5
    seconds: int = 180
    arrivals_per_minute: float = 40.0
    seed: int = 1

    @property
    def cameras(self) -> tuple[str, ...]:
        return tuple(f"c{row}{column}" for row in range(self.rows) for column in range(self.columns))


@dataclass(frozen=True, slots=True, eq=False)
class Drive:
    """All that a load is.

    Attributes:
        site: what is known of it.
        windows: of each camera, in step; also the empty ones.
        tracks, truth: of each camera: the same boxes with numbers of tracks and of persons.
    """

    site: Site
    windows: dict[str, list[EmbeddedWindow]]
    tracks: dict[str, MotTracks]
    truth: dict[str, MotTruth]

    @property
    def embeddings(self) -> int:
        return sum(len(window.embeddings) for windows in self.windows.values() for window in windows)


@dataclass(slots=True, eq=False)
class _Track:
    """One person's passage through one camera: frames from 1, and places in the disc."""

    camera: str
    person: int
    number: int
    frames: list[int]
    places: list[tuple[float, float]]


def drive_of(load: Load) -> Drive:
    """Moves people over the site, and writes down what its cameras would."""
    tracks = _tracks(load)
    return Drive(
        site=_site(load),
        windows={camera: _windows(load, tracks[camera]) for camera in load.cameras},
        tracks={camera: _mot(tracks[camera]) for camera in load.cameras},
        truth={camera: _truth(load, tracks[camera]) for camera in load.cameras},
    )


def together(windows: Mapping[str, Sequence[EmbeddedWindow]]) -> list[EmbeddedWindow]:
    """The windows of several cameras as one process has them."""
    return [
        EmbeddedWindow(
            same[0].end_s,
            tuple(
                sorted(
                    (e for each in same for e in each.embeddings), key=lambda e: (e.cut_s, e.track, e.tracklet_index)
                )
            ),
            tuple(sorted((e for each in same for e in each.ended), key=lambda e: (e.cut_s, e.track))),
        )
        for same in zip(*windows.values(), strict=True)
    ]


def _plan(load: Load) -> Plan:
    """Crossings joined by streets; on the outer ones people come and go."""
    cells = [(row, column) for row in range(load.rows) for column in range(load.columns)]
    places = [
        Place(_crossing(row, column), column * SPACING_M, row * SPACING_M, 2.5, dwell_s=(2, 10))
        for row, column in cells
    ]
    doors = [Place(f"door{row}", -SPACING_M, row * SPACING_M, is_entrance=True) for row in range(load.rows)]
    walks = [Walk((_crossing(*cell), _crossing(*other)), 4.0) for cell in cells for other in _next(load, *cell)]
    walks += [Walk((f"door{row}", _crossing(row, 0)), 4.0) for row in range(load.rows)]
    return Plan((*places, *doors), tuple(walks))


def _crossing(row: int, column: int) -> str:
    return f"c{row}{column}"


def _next(load: Load, row: int, column: int) -> list[tuple[int, int]]:
    """The crossings to the east and to the north."""
    return [(r, c) for r, c in ((row, column + 1), (row + 1, column)) if r < load.rows and c < load.columns]


def _site(load: Load) -> Site:
    """Streets between crossings take some seconds, whoever walks; nobody is in two places at once."""
    ways = [
        Transit(between=(_crossing(row, column), _crossing(*other)), min_s=(SPACING_M - 2 * SEEN_M) / 2.5)
        for row in range(load.rows)
        for column in range(load.columns)
        for other in _next(load, row, column)
    ]
    return Site(name=SITE, transits=tuple(ways), unnamed_pairs="apart")


def _tracks(load: Load) -> dict[str, list[_Track]]:
    """The tracks of each camera, numbered as they begin."""
    plan = _plan(load)
    traffic = Traffic(arrivals_per_minute=load.arrivals_per_minute, return_share=0.2, most=400)
    scenario = Scenario(plan, traffic, lambda number: 1.1 + 0.05 * (number % 9), load.seed)
    discs = np.array([[plan.place(camera).x_m, plan.place(camera).y_m] for camera in load.cameras])
    tracks: dict[str, list[_Track]] = {camera: [] for camera in load.cameras}
    open_tracks: dict[tuple[str, int], _Track] = {}
    for frame in range(1, load.seconds * FRAMES_HZ + 1):
        for stance in scenario.stances((frame - 1) / FRAMES_HZ):
            offset = np.array([stance.x_m, stance.y_m]) - discs
            for seen in np.flatnonzero(np.hypot(offset[:, 0], offset[:, 1]) < SEEN_M).tolist():
                camera = load.cameras[seen]
                track = open_tracks.get((camera, stance.person))
                if track is None or track.frames[-1] < frame - 1:
                    track = _Track(camera, stance.person, len(tracks[camera]) + 1, [], [])
                    tracks[camera].append(track)
                    open_tracks[camera, stance.person] = track
                track.frames.append(frame)
                track.places.append((float(offset[seen, 0]), float(offset[seen, 1])))
    return tracks


def _windows(load: Load, tracks: Sequence[_Track]) -> list[EmbeddedWindow]:
    embeddings: dict[int, list[Embedding]] = defaultdict(list)
    ended: dict[int, list[TrackEnd]] = defaultdict(list)
    for track in tracks:
        for embedding in _embeddings(load, track):
            embeddings[int(embedding.cut_s // WINDOW_S)].append(embedding)
        start_s, end_s = (track.frames[at] / FRAMES_HZ for at in (0, -1))
        end = TrackEnd(_key(track), end_s + 0.5, start_s, end_s, "container")
        ended[int(end.cut_s // WINDOW_S)].append(end)
    count = int(load.seconds / WINDOW_S) + 2
    return [
        EmbeddedWindow(
            (number + 1) * WINDOW_S,
            tuple(sorted(embeddings[number], key=lambda each: (each.cut_s, each.track, each.tracklet_index))),
            tuple(sorted(ended[number], key=lambda each: (each.cut_s, each.track))),
        )
        for number in range(count)
    ]


def _embeddings(load: Load, track: _Track) -> list[Embedding]:
    """One for each stretch of a track."""
    size = int(TRACKLET_S * FRAMES_HZ)
    edges = [*range(0, len(track.frames), size), len(track.frames)]
    person = _unit((load.seed, track.person))
    of_track = TRACK_NOISE * _unit((load.seed, track.person, load.cameras.index(track.camera), track.number))
    found = []
    for tracklet_index, (first, last) in enumerate(pairwise(edges)):
        own = TRACKLET_NOISE * _unit(
            (load.seed, track.person, load.cameras.index(track.camera), track.number, tracklet_index)
        )
        vector = person + of_track + own
        start_s, end_s = track.frames[first] / FRAMES_HZ, track.frames[last - 1] / FRAMES_HZ
        found.append(
            Embedding(
                track=_key(track),
                tracklet_index=tracklet_index,
                cut_s=end_s,
                clock="container",
                start_s=start_s,
                end_s=end_s,
                quality=1.0,
                box=_boxes([track.places[first]])[0],
                vector=(vector / np.linalg.norm(vector)).astype(np.float32),
                model_id=MODEL,
            )
        )
    return found


def _unit(seed: tuple[int, ...]) -> NDArray[np.float64]:
    vector = np.random.default_rng(seed).standard_normal(DIMENSIONS)
    unit: NDArray[np.float64] = vector / np.linalg.norm(vector)
    return unit


def _key(track: _Track) -> TrackKey:
    return TrackKey(track.camera, RUN, track.number)


def _mot(tracks: Sequence[_Track]) -> MotTracks:
    frames = np.array([frame for track in tracks for frame in track.frames], np.int64)
    ids = np.array([track.number for track in tracks for _ in track.frames], np.int64)
    boxes = _boxes([place for track in tracks for place in track.places])
    return MotTracks(frames, ids, boxes, np.ones(len(frames), np.float32))


def _truth(load: Load, tracks: Sequence[_Track]) -> MotTruth:
    same = _mot(tracks)
    persons = np.array([track.person for track in tracks for _ in track.frames], np.int64)
    everyone = np.ones(len(persons), np.bool_)
    return MotTruth(same.frames, persons, same.boxes, everyone, ~everyone, load.seconds * FRAMES_HZ)


def _boxes(places: Sequence[tuple[float, float]]) -> NDArray[np.float32]:
    """(N, 4) xyxy pixels of boxes so small that nobody's lies on another's."""
    middle = PIXELS_PER_M * (np.array(places, np.float64).reshape(-1, 2) + SEEN_M)
    half = np.array([4.0, 4.0])
    return np.hstack((middle - half, middle + half)).astype(np.float32)
