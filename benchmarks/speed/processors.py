"""The two runtimes for processors beside each other: ONNX Runtime and OpenVINO, the same network, input and threads.

    python -m benchmarks.speed.processors                 the shipped networks, and with PASSERBY_SHARED those of others
    python -m benchmarks.speed.processors --rounds 100    more of the same; 40 take a few minutes
    python -m benchmarks.speed.processors NETWORK.onnx    any network that has a card

Both take a network's pass by turns, each round in the other order. Times are processor time of all threads, medians and
the least in brackets: what else the machine does moves them little. Intel's own file runs in OpenVINO as it is, and in
ONNX Runtime as the same operators in ONNX.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.yolox import YOLOX
from pipeline.model_zoo import shipped_models
from reid_models.crop_encoder import OSNET
from reid_runtime.adopt import adopt
from reid_runtime.card import ModelCard, Pixels, TensorSpec, artefact_sha256, read_card, write_card
from reid_runtime.family import Family
from reid_runtime.load import describe, load_session
from reid_runtime.session import Session
from testing.intel_ir import as_onnx
from testing.networks import card as card_of
from testing.paths import SHARED

FOREIGN: tuple[tuple[str, Family], ...] = (
    ("detectors/yolox_nano_416x416.onnx", YOLOX),
    ("reid/osnet_x0_25_msmt17.onnx", OSNET),
)
INTEL = "openvino/person-reidentification-retail-0277.xml"
HEAD = (
    "| network | input | ONNX Runtime, ms | OpenVINO, ms | times as fast | largest difference |\n"
    "|---|---|--:|--:|--:|--:|"
)


@dataclass(frozen=True, slots=True)
class Contest:
    """One network in both runtimes."""

    name: str
    onnx_runtime: Session
    openvino: Session


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.processors")
    parser.add_argument("files", nargs="*", type=Path, metavar="NETWORK.onnx", help="with a card; none: those we know")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--rows", type=int, default=1, help="in a pass, where the network leaves it free")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    print(HEAD)
    with tempfile.TemporaryDirectory() as folder:
        for contest in contests(arguments.files, Path(folder), threads=arguments.threads):
            print(row(contest, rounds=arguments.rounds, rows=arguments.rows), flush=True)
    return 0


def contests(files: list[Path], folder: Path, *, threads: int) -> Iterator[Contest]:
    for path in files or [*shipped_models().values()]:
        yield both(path, path, threads=threads)
    weights = SHARED / "data/weights"
    if files or not weights.is_dir():
        return
    for name, family in FOREIGN:
        path = folder / Path(name).name
        path.write_bytes((weights / name).read_bytes())
        adopt(path, family, name=path.stem, licence="see there", origin=name)
        yield both(path, path, threads=threads)
    intel = folder / Path(INTEL).name
    for suffix in (".xml", ".bin"):
        intel.with_suffix(suffix).write_bytes((weights / INTEL).with_suffix(suffix).read_bytes())
    onnx = as_onnx(intel, folder / "as_onnx.onnx")
    for path in (intel, onnx):
        write_card(bare_card(path), path)
    yield both(onnx, intel, threads=threads)


def bare_card(path: Path) -> ModelCard:
    """A card that says what the file says."""
    found = describe(path)
    card = card_of(found.inputs[0].shape, pixels=Pixels(order="bgr", layout="nchw"))
    update = {"inputs": found.inputs, "outputs": found.outputs, "sha256": artefact_sha256(path), "name": path.stem}
    return card.model_copy(update=update)


def both(onnx: Path, other: Path, *, threads: int) -> Contest:
    return Contest(
        read_card(other).name,
        load_session(onnx, provider="cpu", threads=threads),
        load_session(other, provider="openvino", threads=threads),
    )


def row(contest: Contest, *, rounds: int, rows: int) -> str:
    sessions = [contest.onnx_runtime, contest.openvino]
    inputs = [{session.card.inputs[0].name: noise(session.card.inputs[0], rows)} for session in sessions]
    first, second = (next(iter(session.run(given).values())) for session, given in zip(sessions, inputs, strict=True))
    times_s: list[list[float]] = [[], []]
    for index in range(rounds):
        for which in (0, 1) if index % 2 else (1, 0):
            began_s = time.process_time()
            sessions[which].run(inputs[which])
            times_s[which].append(time.process_time() - began_s)
    medians_ms = [1000 * float(np.median(each)) for each in times_s]
    cells = [f"{median:.1f} ({1000 * min(each):.1f})" for median, each in zip(medians_ms, times_s, strict=True)]
    difference = float(np.abs(first - second).max() / max(1, np.abs(first).max()))
    shape = " x ".join(str(size) for size in next(iter(inputs[0].values())).shape)
    ratio = medians_ms[0] / medians_ms[1]
    return f"| {contest.name} | {shape} | {' | '.join(cells)} | {ratio:.2f} | {difference:.0e} |"


def noise(spec: TensorSpec, rows: int) -> NDArray[Any]:
    found = np.random.default_rng(0).integers(0, 256, [size or rows for size in spec.shape])
    return found.astype(spec.dtype)


if __name__ == "__main__":
    sys.exit(main())
