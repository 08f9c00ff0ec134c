"""Who is who over several videos or streams, as events to iterate over."""

import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, Full, Queue
from tempfile import TemporaryDirectory
from threading import Event as Flag

from passerby_events.schema import Event, IdentityEvent
from pipeline.commands.flags import Flags, merge_flags
from pipeline.config import OutputConfig, PipelineConfig
from pipeline.deployment.deployment import Deployment
from pipeline.shipped import find_config

logger = logging.getLogger(__name__)

MOST_WAITING = 1000
"""Events that nobody has taken yet; beyond, the cameras wait."""
LOOK_EVERY_S = 0.1
"""While waiting, between two looks at whether the other side has gone."""


def recognise(
    cameras: Mapping[str, str | Path] | None = None,
    *,
    config: str | Path | None = None,
    detector: str | None = None,
    encoder: str | None = None,
    site: str | Path | None = None,
    threshold: float | None = None,
    processes: int = 1,
) -> Iterator[IdentityEvent]:
    """Recognises people over cameras, and yields what is learnt about them, in order, as it is decided.

    Nothing is written. Closing the iterator stops the cameras. The same files give the same events.

    Args:
        cameras: name of each camera, and its source: a video file, a folder of images, an address.
        config: a configuration file, or the name of one that comes with Passerby; the other arguments replace what it
            says. None: they say all.
        detector: name or file of a network, or `hog`; None: the best that is on this machine.
        encoder: name or file of a network, or `colour-stripes`; None: the best that is on this machine.
        site: a file, or a name, that says which cameras overlap and how long walks take; None: nothing is known.
        threshold: cosine from which two tracks are one person; None: what the encoder suggests.
        processes: that share the cameras; more than one wants the program to call this below `if __name__ ==
            "__main__":`, as all that starts processes does.

    Raises:
        PasserbyError: at the call, if what was asked for makes no sense; from the iteration, if a network or a source
            cannot be used. A recording that breaks off raises after the events of all others.
    """
    flags = Flags(
        cameras=tuple(f"{name}={source}" for name, source in (cameras or {}).items()),
        detector=detector,
        encoder=encoder,
        site=None if site is None else find_config("site", str(site)),
        threshold=threshold,
    )
    asked, hints = merge_flags(None if config is None else find_config("pipeline", str(config)), flags)
    for hint in hints:
        logger.info("%s", hint)
    compute = asked.compute.model_copy(update={"processes": processes})
    return _events(asked.model_copy(update={"compute": compute}))


def _events(config: PipelineConfig) -> Iterator[IdentityEvent]:
    with ExitStack() as stack:
        scratch = OutputConfig(directory=Path(stack.enter_context(TemporaryDirectory(prefix="passerby-"))))
        deployment = stack.enter_context(Deployment(config.model_copy(update={"output": scratch})))
        events = _Handover()
        running = deployment.connect(events)
        run = stack.enter_context(ThreadPoolExecutor(1, "passerby")).submit(running.run)
        run.add_done_callback(lambda _: events.end())
        try:
            yield from events
        finally:
            events.abandon()
            running.stop()
        for error in run.result().values():
            raise error


class _Handover:
    """A sink in the thread that runs the cameras, and an iterator in the thread of who asked."""

    def __init__(self) -> None:
        self._waiting: Queue[IdentityEvent] = Queue(MOST_WAITING)
        self._is_ended, self._is_abandoned = Flag(), Flag()

    def publish(self, event: Event) -> None:
        """See `EventSink.publish`; waits while too many events wait."""
        assert event.kind != "person.erased", "nobody erases anybody here"
        while not self._is_abandoned.is_set():
            try:
                return self._waiting.put(event, timeout=LOOK_EVERY_S)
            except Full:
                continue

    def flush(self) -> None:
        """See `EventSink.flush`: what is waiting is delivered."""

    def close(self) -> None:
        """See `EventSink.close`."""

    def end(self) -> None:
        """No more events come."""
        self._is_ended.set()

    def abandon(self) -> None:
        """Nobody takes events any more."""
        self._is_abandoned.set()

    def __iter__(self) -> Iterator[IdentityEvent]:
        while True:
            # Asked before the queue is looked at: what was put before the end is still found.
            is_ended = self._is_ended.is_set()
            try:
                yield self._waiting.get(timeout=0 if is_ended else LOOK_EVERY_S)
            except Empty:
                if is_ended:
                    return
