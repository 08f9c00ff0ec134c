"""A whole process over films of blocks: real decoding, tracking, encoding and matching; only the detector is simple."""

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from pipeline.deployment.supervisor import Camera, CameraRun, Supervisor
from pipeline.events.memory import MemorySink
from pipeline.matching.corrections import CorrectionParams
from pipeline.matching.gallery import Gallery
from pipeline.matching.identity_loop import run_identity_loop
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import MemoryGallery
from pipeline.matching.policy import MatchParams
from pipeline.ordering.channel import Channel
from pipeline.records import EmbeddedWindow, Window
from pipeline.scheduling.cpu_slots import seats, turn_of
from pipeline.site import Site
from pipeline.sources.files import FileSource
from pipeline.sources.source import recording_id
from pipeline.tracking.camera_loop import CameraLoop, Step
from pipeline.tracking.encode_loop import EncodeLoop
from pipeline.tracking.tracklets import TrackletBuffer
from reid_models.stripes import StripesEncoder
from testing.scene import BlockDetector
from trackers.bytetrack import ByteTrack

SAME_BLOCK = 0.9
"""The blocks do not change their looks: what is not nearly equal is another."""


def supervise(
    films: Mapping[str, Path],
    sink: MemorySink,
    *,
    site: Site | None = None,
    watchers: Sequence[Callable[[Step], None]] = (),
    at_once: int | None = None,
) -> Supervisor:
    """A supervisor over one film per camera, with events going to the sink."""
    take = partial(run_identity_loop, matcher=matcher_of(MemoryGallery(sink), site or Site()))
    return supervise_into(films, take, watchers=watchers, at_once=at_once)


def matcher_of(gallery: Gallery, site: Site) -> Matcher:
    """What decides who the blocks are."""
    params = MatchParams(threshold=SAME_BLOCK, same_camera_extra=0.0)
    return Matcher(gallery, site, params, corrections=CorrectionParams())


def supervise_into(
    films: Mapping[str, Path],
    take: Callable[[Iterable[EmbeddedWindow]], None],
    *,
    watchers: Sequence[Callable[[Step], None]] = (),
    yields_empty: bool = False,
    at_once: int | None = None,
) -> Supervisor:
    """A supervisor over one film per camera, with windows going to `take`.

    Args:
        at_once: so many threads work at a time, in turns, and frames go in lots; None: as they come, one by one.
    """
    turn = turn_of(*seats(at_once, 1))
    encoder = StripesEncoder()
    channel = Channel(films, Window, is_live=False, yields_empty=yields_empty)

    def camera(name: str, path: Path) -> Camera:
        def start() -> CameraRun:
            source = FileSource(name, path)
            buffer = TrackletBuffer(name, recording_id(path), encoder.clip)
            loop = CameraLoop(
                source,
                BlockDetector(),
                ByteTrack(),
                buffer,
                channel.lane(name),
                watchers=watchers,
                in_lots=at_once is not None,
                turn=turn,
            )
            return CameraRun(loop, source)

        return Camera(name, False, start)

    return Supervisor(
        [camera(name, path) for name, path in films.items()], channel, EncodeLoop(encoder, turn=turn), take
    )


def dawdle(seed: int) -> Callable[[Step], None]:
    """A watcher that makes cameras slow at random, so that the threads never run alike."""
    chance = random.Random(seed)

    def nap(_: Step) -> None:
        if chance.random() < 0.2:
            time.sleep(chance.random() * 0.01)

    return nap
