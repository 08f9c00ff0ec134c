"""MARS at its full size on this machine: the official tables, and pixels that are drawn when a frame is asked for.

    python -m benchmarks.capacity.mars             # tables and lists of names from PASSERBY_SHARED
    python -m benchmarks.capacity.mars FOLDER      # those of info/ in yours

Loading, an epoch of batches by the samplers of the papers, some batches with pixels, all 681,089 frames of the test in
clips of four through a network that only looks at colours (2048 numbers a tracklet, as a ResNet-50 gives), and the
protocols. For each the time, the resident memory behind it and the most there was so far, in a process of its own. What
a real network and decoding take comes on top; what the set itself takes does not depend on them.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from reid_models.architectures.features import Features
from reid_models.training.datasets.mars import Names, read_tables
from reid_models.training.evaluation.describe import describe
from reid_models.training.evaluation.protocols import match
from reid_models.training.evaluation.scores import scores
from reid_models.training.feeds.tracklets import TrackletFeed, TrackletFeedParams
from reid_models.training.sampling.batches import SamplerParams, build_sampler
from reid_models.training.sampling.test_clips import TestClips
from reid_models.training.tracklets import Dataset, Ids, Image, TrackletSet
from reid_runtime.card import ClipSpec
from testing.paths import SHARED

CLIP = ClipSpec(frames=4, height=256, width=128)
WIDTH = 2048
TABLES = SHARED / "data" / "reid" / "mars_info"
PIXELS_APART = 32
BATCHES = 20
SAMPLERS = (
    SamplerParams("identities", persons=8, tracklets=4),
    SamplerParams("tracklets", persons=4, tracklets=4),
    SamplerParams("shuffled", persons=32),
)
MIB = 2**20


class DrawnFrames:
    """See `FrameStore`: frames of the size of MARS, of a colour for each id and a little noise for each row."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._size = CLIP.height, CLIP.width

    def __len__(self) -> int:
        return len(self._names)

    def read(self, rows: Ids) -> list[Image]:
        """See `FrameStore.read`."""
        return [self._draw(bytes(self._names[row]), row) for row in rows.tolist()]

    def _draw(self, name: bytes, row: int) -> Image:
        image = np.empty((*self._size, 3), np.uint8)
        number = int.from_bytes(name[:4], "big")
        image[:] = [20 + row % 5 + number * step % 211 for step in (37, 101, 173)]
        return image


class Colours(nn.Module):
    """(B, T, 3, H, W) -> Features: some pixels, on average over the frames, drawn out to the width of a ResNet-50."""

    def __init__(self) -> None:
        super().__init__()
        pixels = CLIP.height // PIXELS_APART * (CLIP.width // PIXELS_APART)
        self.spread = nn.Linear(3 * pixels, WIDTH)

    def forward(self, clips_BTCHW: Tensor) -> Features:  # noqa: N803
        """Clips, uint8 -> features."""
        pixels = clips_BTCHW[..., ::PIXELS_APART, ::PIXELS_APART].float() / 255
        return Features(embedding=self.spread(pixels.mean(dim=1).flatten(1)))


class Rows:
    """The table of what was measured."""

    def __init__(self) -> None:
        self.table = Table("what", "seconds", "resident behind it, MiB", "most so far, MiB", "found")
        self.found = ""

    @contextmanager
    def row(self, what: str) -> Iterator[None]:
        """Measures what is done meanwhile; `found` is what came out."""
        started_s, self.found = time.perf_counter(), ""
        yield
        took_s = time.perf_counter() - started_s
        self.table.add_row(what, f"{took_s:.1f}", f"{_resident_mib():.0f}", f"{_most_mib():.0f}", self.found)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity.mars", description="MARS at its full size.")
    parser.add_argument("folder", type=Path, nargs="?", default=TABLES, help="with info/ of MARS")
    folder = parser.parse_args().folder
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    rows = Rows()
    with rows.row("nothing but the modules"):
        pass
    with rows.row("load"):
        dataset = read_tables(folder, lambda _, names: DrawnFrames(names)).check()
        sides = dataset.train, dataset.query, dataset.gallery
        frames = dataset.train.frame_count + dataset.query.frame_count + dataset.gallery.frame_count
        rows.found = f"{sum(map(len, sides)):,} tracklets, {frames:,} frames"
    for params in SAMPLERS:
        with rows.row(f"an epoch of {params.kind}, {params.batch} in a batch"):
            rows.found = _epoch(dataset.train, params)
    with rows.row("batches of 32 clips of 4 frames, 256x128"):
        rows.found = _batches(dataset.train)
    _asked(rows, dataset)
    Console(width=140).print(rows.table)


def no_proxies() -> NDArray[np.float32]:
    """No network is trained."""
    return np.zeros((0, 0), np.float32)


def _epoch(people: TrackletSet, params: SamplerParams) -> str:
    """Which tracklets make its batches, without pixels."""
    sampler = build_sampler(params, people.classes(), seed=0, proxies=no_proxies)
    seen = np.unique(np.concatenate([sampler.rows(step) for step in range(sampler.steps_per_epoch)]))
    return f"{sampler.steps_per_epoch} batches, {len(seen):,} tracklets"


def _batches(people: TrackletSet) -> str:
    feed = TrackletFeed(TrackletFeedParams(SAMPLERS[0]), people.classes(), CLIP, seed=0, proxies=no_proxies)
    sizes = {tuple(feed.batch(step).clips.shape) for step in range(BATCHES)}
    return f"{BATCHES} of {sizes.pop()}"


def _asked(rows: Rows, dataset: Dataset) -> None:
    clips, network = TestClips("consecutive", CLIP.frames), Colours()
    vectors: dict[str, NDArray[np.float32]] = {}
    for what, people in (("queries", dataset.query), ("gallery, junk too", dataset.gallery)):
        with rows.row(f"describe {what}"):
            vectors[what] = describe(network, people, clips, CLIP)
            rows.found = f"{len(people):,} tracklets, {people.frame_count:,} frames"
    query, gallery = vectors.values()
    for protocol in ("mars", "gao"):
        with rows.row(f"rank, protocol {protocol}"):
            found = match(protocol, query, gallery, dataset, distance="cosine")
            ranking = found.ranking()
            among = f"{len(found.queries.persons):,} x {len(found.searched.tracklets):,}"
            rows.found = f"{ranking.queries:,} queries counted, {among}, mAP {scores(ranking)['mAP']:.3f}"


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / MIB


def _most_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MIB


if __name__ == "__main__":
    main()
