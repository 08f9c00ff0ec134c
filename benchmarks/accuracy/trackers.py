"""Our trackers beside roboflow's and boxmot's, on the same detections: how well they track, and how long it takes.

    python -m benchmarks.accuracy.trackers

Quality is that of the sequences in `data/mot/mot17_train` of the folder PASSERBY_SHARED (by default ../shared) with
their public detections, one setting for all of them, scored by TrackEval with MOTChallenge's preprocessing; peers at
their own defaults, and once more without the detections below 0.3. Time is the median of an update on synthetic crowds,
one thread, the trackers taking turns for several rounds; behind a peer's time stands how many times ours it is, of our
tracker of the same algorithm (ByteTrack where there is none).

The peers are installed into `.peers/trackers` when it is not there; they are never a dependency. boxmot's C++ trackers
compile themselves if CMake finds OpenCV 4 and Eigen 3 (on Debian: cmake g++ libopencv-dev libeigen3-dev). A peer that
does not install or run is shown as absent, with the reason. What the peers print goes to `.peers/trackers.log`.
"""

import configparser
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from trackeval.datasets import MotChallenge2DBox
from trackeval.metrics import CLEAR, HOTA, Identity

from benchmarks.accuracy import tracker_scenes as scenes
from detectors.detections import Detections
from testing.paths import ROOT, SHARED
from trackers.bytetrack import ByteTrack
from trackers.ocsort import OcSort
from trackers.tracker import Tracker

PEERS = ROOT / ".peers"
PACKAGES = ("trackers==2.6.1", "boxmot==25.0.0")
OURS: dict[str, type[ByteTrack] | type[OcSort]] = {"ByteTrack": ByteTrack, "OC-SORT": OcSort}
THEIRS = (
    *("roboflow SORT", "roboflow ByteTrack", "roboflow OC-SORT"),
    *("boxmot SFSORT", "boxmot ByteTrack", "boxmot OC-SORT"),
    *("boxmot-C++ SFSORT", "boxmot-C++ ByteTrack", "boxmot-C++ OC-SORT"),
)
PEOPLE = (10, 30, 100, 300)
FRAMES = 50
ROUNDS = 5
# Our own `trackers` must not hide roboflow's of the same name: this folder comes last on the path.
START_PEERS = "import sys; sys.path.append(sys.argv[1]); from benchmarks.accuracy.tracker_peers import main; main()"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Contestant:
    """One row of the table.

    Attributes:
        name: who made it, and its algorithm.
        floor: detections of a lower score are withheld from it.
    """

    name: str
    floor: float = 0.0

    def __str__(self) -> str:
        return f"{self.name}, from {self.floor}" if self.floor else self.name


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a sequence was tracked: percent, and a count."""

    hota: float
    assa: float
    idf1: float
    mota: float
    switches: int


class Peers:
    """The process of the peers."""

    def __init__(self, folder: Path, log: IO[str]) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [peers_python(), "-P", "-c", START_PEERS, ROOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=os.environ | ONE_THREAD,
        )

    def run(self, contestant: Contestant, scene: str) -> scenes.Run | str:
        """What it made of a scene of the folder, or why it did not."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        rows = self._folder / "rows.npy"
        request = {"tracker": contestant.name, "floor": contestant.floor, "rows": str(rows)}
        print(json.dumps(request | {"scene": str(self._folder / scene)}), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline() or '{"absent": "the process of the peers died"}')
        return scenes.Run(np.load(rows), answer["ms"]) if "ms" in answer else str(answer["absent"])

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)


def main() -> None:
    shared = SHARED / "data" / "mot" / "mot17_train"
    sequences = sorted(path.name for path in shared.iterdir())
    with tempfile.TemporaryDirectory() as name, peers_of(Path(name)) as peers:
        folder = Path(name)
        for sequence in sequences:
            scenes.save(read_sequence(shared / sequence), folder / f"{sequence}.npz")
        for people in PEOPLE:
            scenes.save(scenes.crowd(people, FRAMES), folder / f"{people}.npz")
        field = [Contestant(name) for name in (*OURS, *THEIRS)]
        field += [Contestant(name, floor=0.3) for name in THEIRS if not name.startswith("boxmot-C++")]
        quality = {str(who): qualities(peers, who, folder, shared, sequences) for who in field}
        times = measure_times(peers, [who for who in field if not who.floor], folder)
    Console(width=160).print(table(quality, times))


@contextlib.contextmanager
def peers_of(folder: Path) -> Iterator[Peers]:
    install_peers()
    with (PEERS / "trackers.log").open("a") as log:
        peers = Peers(folder, log)
        try:
            yield peers
        finally:
            peers.close()


def peers_python() -> Path:
    return PEERS / "trackers" / "bin" / "python"


def install_peers() -> None:
    """Package by package, so that one that does not install leaves the others."""
    if peers_python().exists():
        return
    subprocess.run([sys.executable, "-m", "venv", PEERS / "trackers"], check=True)
    for package in PACKAGES:
        print(f"installing {package}", file=sys.stderr)
        subprocess.run([peers_python(), "-m", "pip", "install", "--quiet", package], check=False)


def read_sequence(folder: Path) -> scenes.Scene:
    """The public detections of a MOTChallenge sequence."""
    sequence = configparser.ConfigParser()
    sequence.read(folder / "seqinfo.ini")
    found = np.loadtxt(folder / "det" / "det.txt", delimiter=",", ndmin=2)
    found[:, 4:6] += found[:, 2:4]
    frames = [found[found[:, 0] == index + 1] for index in range(sequence.getint("Sequence", "seqLength"))]
    return scenes.Scene(
        sequence.getfloat("Sequence", "frameRate"),
        [rows[:, 2:6].astype(np.float32) for rows in frames],
        [rows[:, 6].astype(np.float32) for rows in frames],
    )


def run(peers: Peers, who: Contestant, folder: Path, scene: str) -> scenes.Run | str:
    if who.name in OURS:
        return scenes.run(step_of(OURS[who.name]()), scenes.load(folder / scene))
    return peers.run(who, scene)


def step_of(tracker: Tracker) -> scenes.TrackerStep:
    def step(boxes: NDArray[np.float32], scores: NDArray[np.float32], time_s: float) -> NDArray[np.float64]:
        tracks = tracker.update(Detections(boxes, scores), time_s)
        return np.column_stack([tracks.ids, tracks.boxes, tracks.scores])

    return step


def qualities(
    peers: Peers, who: Contestant, folder: Path, truth: Path, sequences: list[str]
) -> dict[str, Quality] | str:
    """By sequence, and combined; or why there are none."""
    results = folder / "results" / "tracker" / "data"
    results.mkdir(parents=True, exist_ok=True)
    for sequence in sequences:
        made = run(peers, who, folder, f"{sequence}.npz")
        if isinstance(made, str):
            return made
        write_results(made.rows, results / f"{sequence}.txt")
    return score(folder / "results", truth, sequences)


def write_results(rows: NDArray[np.float64], path: Path) -> None:
    """In the form of MOTChallenge: frame from 1, id, left, top, width, height, score, and three unused."""
    frames, ids, boxes, scores = rows[:, 0] + 1, rows[:, 1], rows[:, 2:6], rows[:, 6]
    unused = np.full((len(rows), 3), -1)
    np.savetxt(
        path,
        np.column_stack([frames, ids, boxes[:, :2], boxes[:, 2:] - boxes[:, :2], scores, unused]),
        fmt=["%d", "%d", *["%.3f"] * 5, "%d", "%d", "%d"],
        delimiter=",",
    )


def score(results: Path, truth: Path, sequences: list[str]) -> dict[str, Quality]:
    """TrackEval's figures of the tracker named `tracker` in a folder of results."""
    config: dict[str, Any] = {"GT_FOLDER": str(truth), "TRACKERS_FOLDER": str(results), "TRACKERS_TO_EVAL": ["tracker"]}
    config |= {"SEQ_INFO": dict.fromkeys(sequences), "SKIP_SPLIT_FOL": True, "PRINT_CONFIG": False}
    with contextlib.redirect_stdout(sys.stderr):
        dataset = MotChallenge2DBox(config)
        metrics = [HOTA(), CLEAR({"PRINT_CONFIG": False}), Identity({"PRINT_CONFIG": False})]
    found: list[dict[str, dict[str, NDArray[np.float64]]]] = [{} for _ in metrics]
    with contextlib.redirect_stdout(None):
        for sequence in sequences:
            data = dataset.get_preprocessed_seq_data(dataset.get_raw_seq_data("tracker", sequence), "pedestrian")
            for metric, by_sequence in zip(metrics, found, strict=True):
                by_sequence[sequence] = metric.eval_sequence(data)
    for metric, by_sequence in zip(metrics, found, strict=True):
        by_sequence["combined"] = metric.combine_sequences(by_sequence)
    hota, clear, identity = found
    return {
        name: Quality(
            hota=100 * float(np.mean(hota[name]["HOTA"])),
            assa=100 * float(np.mean(hota[name]["AssA"])),
            idf1=100 * float(identity[name]["IDF1"]),
            mota=100 * float(clear[name]["MOTA"]),
            switches=int(clear[name]["IDSW"]),
        )
        for name in (*sequences, "combined")
    }


def measure_times(peers: Peers, field: list[Contestant], folder: Path) -> dict[tuple[str, int], float]:
    """Milliseconds of an update by contestant and number of people: the median of the rounds; absent ones left out."""
    taken: dict[tuple[str, int], list[float]] = {}
    for _ in range(ROUNDS):
        for people in PEOPLE:
            for who in field:
                made = run(peers, who, folder, f"{people}.npz")
                if not isinstance(made, str):
                    taken.setdefault((who.name, people), []).append(made.ms)
    return {key: float(np.median(rounds)) for key, rounds in taken.items()}


def table(quality: dict[str, dict[str, Quality] | str], times: dict[tuple[str, int], float]) -> Table:
    made = Table("tracker", "sequence", "HOTA", "AssA", "IDF1", "MOTA", "switches", *(f"ms at {n}" for n in PEOPLE))
    for name, by_sequence in quality.items():
        made.add_section()
        if isinstance(by_sequence, str):
            made.add_row(name, f"absent: {by_sequence}")
            continue
        for sequence, q in by_sequence.items():
            is_last = sequence == "combined"
            figures = (f"{q.hota:.1f}", f"{q.assa:.1f}", f"{q.idf1:.1f}", f"{q.mota:.1f}", str(q.switches))
            timings = [time_beside_ours(name, people, times) for people in PEOPLE] if is_last else []
            made.add_row(name if is_last else "", sequence, *figures, *timings)
    return made


def time_beside_ours(name: str, people: int, times: dict[tuple[str, int], float]) -> str:
    if (name, people) not in times:
        return ""
    ours = next((own for own in OURS if name.endswith(f" {own}")), "ByteTrack")
    ms = times[name, people]
    return f"{ms:.2f}" if name in OURS else f"{ms:.2f} ({ms / times[ours, people]:.1f}x)"


if __name__ == "__main__":
    main()
