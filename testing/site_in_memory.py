"""A whole process over videos of blocks: real decoding, tracking, encoding and matching; only the detector is
simple.
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from pipeline.build import CameraStages, Stages
from pipeline.config import PipelineConfig
from pipeline.deployment.child import in_cpu_slots
from pipeline.deployment.local import Process
from pipeline.deployment.supervisor import Supervisor
from pipeline.events.memory import MemorySink
from pipeline.matching.gallery import Gallery
from pipeline.matching.identity_loop import run_identity_loop
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import MemoryGallery
from pipeline.matching.merge_split import MergeSplitParams
from pipeline.matching.policy import MatchParams
from pipeline.records import EmbeddedWindow
from pipeline.scheduling.cpu_slots import CpuSlots, share_cpus
from pipeline.site import Site
from pipeline.sources.files import FileSource
from pipeline.sources.pacing import Chunks
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from pipeline.tracking.camera_loop import CameraNews, CameraObserver
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
    observers: Sequence[CameraObserver] = (),
    at_once: int | None = None,
) -> Supervisor:
    """A supervisor over one video per camera, with events going to the sink."""
    take = partial(run_identity_loop, matcher=matcher_of(MemoryGallery(sink), site or Site()))
    return supervise_into(videos, take, observers=observers, at_once=at_once)


def matcher_of(gallery: Gallery, site: Site) -> Matcher:
    """What decides who the blocks are."""
    params = MatchParams(threshold=SAME_BLOCK, same_camera_extra=0.0)
    return Matcher(gallery, site, params, merge_split=MergeSplitParams())


def supervise_into(
    videos: Mapping[str, Path],
    take: Callable[[Iterable[EmbeddedWindow]], None],
    *,
    observers: Sequence[CameraObserver] = (),
    emits_empty_windows: bool = False,
    at_once: int | None = None,
) -> Supervisor:
    """A supervisor over one video per camera, with windows going to `take`.

    Args:
        at_once: so many threads work at a time, by slots, and frames go in chunks; None: as they come, one by one.
    """
    config = PipelineConfig.model_validate(
        {
            "cameras": [{"name": name, "source": str(path)} for name, path in videos.items()],
            "encoder": {"kind": "colour-stripes"},
        }
    )
    stages = block_stages(videos, most_frames=1 if at_once is None else 4)
    for share in share_cpus(at_once, 1):
        stages = stages if share is None else in_cpu_slots(stages, CpuSlots(share))
    process = Process(
        config,
        stages,
        Metrics(),
        Health(),
        open_observers=lambda: dict.fromkeys(videos, observers),
        emits_empty_windows=emits_empty_windows,
    )
    return process.supervisor(take)


def block_stages(videos: Mapping[str, Path], *, most_frames: int) -> Stages:
    """What looks at videos of blocks, so many frames at a time."""
    cameras = {
        name: CameraStages(Chunks(FileSource(name, path), most_frames=most_frames), BlockDetector(), ByteTrack())
        for name, path in videos.items()
    }
    return Stages(cameras, ColourStripesEncoder())


def dawdle(seed: int) -> CameraObserver:
    """A watcher that makes cameras slow at random, so that the threads never run alike."""
    chance = random.Random(seed)

    def nap(_: CameraNews) -> None:
        if chance.random() < 0.2:
            time.sleep(chance.random() * 0.01)

    return nap
