"""A whole process over videos of blocks: real decoding, tracking, encoding and matching; only the detector is
simple.
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from pipeline.deployment.supervisor import CameraRun, SupervisedCamera, Supervisor
from pipeline.events.memory import MemorySink
from pipeline.matching.gallery import Gallery
from pipeline.matching.identity_loop import run_identity_loop
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import MemoryGallery
from pipeline.matching.merge_split import MergeSplitParams
from pipeline.matching.policy import MatchParams
from pipeline.ordering.channel import Channel
from pipeline.records import EmbeddedWindow, Window
from pipeline.scheduling.cpu_slots import cpu_slot_of, share_cpus
from pipeline.site import Site
from pipeline.sources.files import FileSource
from pipeline.sources.source import run_id
from pipeline.tracking.camera_loop import CameraLoop, FrameStep
from pipeline.tracking.encode_loop import EncodeLoop
from pipeline.tracking.tracklets import TrackletBuffer
from reid_models.colour_stripes import ColourStripesEncoder
from testing.scene import BlockDetector
from trackers.bytetrack import ByteTrack

SAME_BLOCK = 0.9
"""The blocks do not change their appearance: what is not nearly equal is another."""


def supervise(
    videos: Mapping[str, Path],
    sink: MemorySink,
    *,
    site: Site | None = None,
    watchers: Sequence[Callable[[FrameStep], None]] = (),
    at_once: int | None = None,
) -> Supervisor:
    """A supervisor over one video per camera, with events going to the sink."""
    take = partial(run_identity_loop, matcher=matcher_of(MemoryGallery(sink), site or Site()))
    return supervise_into(videos, take, watchers=watchers, at_once=at_once)


def matcher_of(gallery: Gallery, site: Site) -> Matcher:
    """What decides who the blocks are."""
    params = MatchParams(threshold=SAME_BLOCK, same_camera_extra=0.0)
    return Matcher(gallery, site, params, merge_split=MergeSplitParams())


def supervise_into(
    videos: Mapping[str, Path],
    take: Callable[[Iterable[EmbeddedWindow]], None],
    *,
    watchers: Sequence[Callable[[FrameStep], None]] = (),
    emits_empty_windows: bool = False,
    at_once: int | None = None,
) -> Supervisor:
    """A supervisor over one video per camera, with windows going to `take`.

    Args:
        at_once: so many threads work at a time, by slots, and frames go in chunks; None: as they come, one by one.
    """
    cpu_slot = cpu_slot_of(*share_cpus(at_once, 1))
    encoder = ColourStripesEncoder()
    channel = Channel(videos, Window, is_live=False, emits_empty_windows=emits_empty_windows)

    def camera(name: str, path: Path) -> SupervisedCamera:
        def start() -> CameraRun:
            source = FileSource(name, path)
            buffer = TrackletBuffer(name, run_id(path), encoder.clip)
            loop = CameraLoop(
                source,
                BlockDetector(),
                ByteTrack(),
                buffer,
                channel.lane(name),
                watchers=watchers,
                in_chunks=at_once is not None,
                cpu_slot=cpu_slot,
            )
            return CameraRun(loop, source)

        return SupervisedCamera(name, False, start)

    return Supervisor(
        [camera(name, path) for name, path in videos.items()], channel, EncodeLoop(encoder, cpu_slot=cpu_slot), take
    )


def dawdle(seed: int) -> Callable[[FrameStep], None]:
    """A watcher that makes cameras slow at random, so that the threads never run alike."""
    chance = random.Random(seed)

    def nap(_: FrameStep) -> None:
        if chance.random() < 0.2:
            time.sleep(chance.random() * 0.01)

    return nap
