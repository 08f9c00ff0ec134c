"""`reid-pipeline events tail` and `replay`: events out of Kafka, and recorded ones into it."""

import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import UUID

from rich.console import Console

from passerby_events.brokers import Brokers
from passerby_events.consumer import EventConsumer
from passerby_events.dead_letters import DeadLetter
from passerby_events.recordings import read_recording
from passerby_events.schema import KINDS, Event, sightings_of
from pipeline.commands.event_lines import line_of
from pipeline.commands.sinks import further_openers
from pipeline.config_errors import ConfigError
from pipeline.config_files import load_config
from pipeline.events.fanout import Fanout
from pipeline.events.kafka.mdx_sink import MdxSink
from pipeline.events.sink import EventSink

PATIENCE_S = 10.0
"""For brokers that do not answer somebody who sits at a terminal."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which events to print; None: whichever.

    Attributes:
        person: whom the event concerns; the other one of a merge or split, too.
        camera: in which it says that somebody was seen.
        kind: as `person.matched`.
    """

    person: UUID | None = None
    camera: str | None = None
    kind: str | None = None

    @classmethod
    def of(cls, person: str | None, camera: str | None, kind: str | None) -> "Filters":
        """As the command line has them.

        Raises:
            ConfigError: if there is no such id, or kind.
        """
        if kind is not None and kind not in KINDS:
            raise ConfigError(f"--kind: expected one of {', '.join(KINDS)}; found {kind!r:.60}")
        try:
            return cls(None if person is None else UUID(person), camera, kind)
        except ValueError as error:
            raise ConfigError(f"--person: expected an id as events have it, found {person!r:.60}") from error

    def let_through(self, event: Event) -> bool:
        return (
            (self.person is None or self.person in (event.person, getattr(event, "other", None)))
            and (self.camera is None or any(seen.camera == self.camera for seen in sightings_of(event)))
            and (self.kind is None or event.kind == self.kind)
        )


def tail(
    brokers: Brokers,
    topic: str,
    filters: Filters,
    *,
    group: str | None,
    from_beginning: bool,
    count: int | None,
    idle_s: float | None,
    is_pretty: bool,
) -> int:
    """Prints those that `filters` let through as JSON lines, or as lines for people, each once, until `count` came, no
    event came for `idle_s`, or Ctrl-C; says to stderr what is no event, and passes over it."""
    out = Console(highlight=False)
    try:
        with EventConsumer(
            brokers,
            topic,
            group=group,
            dead_letter=_complain,
            from_beginning=from_beginning,
            idle_s=idle_s,
            within_s=PATIENCE_S,
        ) as events:
            for event in islice(filter(filters.let_through, events), count):
                if is_pretty:
                    out.print(line_of(event), soft_wrap=True)
                else:
                    sys.stdout.write(event.model_dump_json() + "\n")
                sys.stdout.flush()
    except KeyboardInterrupt:
        return 0
    return 0


def replay(recording: Path, open_sink: Callable[[], EventSink], place: str) -> int:
    """Publishes a recording, with the ids that it has; nothing of it if a line of it is no event.

    Args:
        place: what the events go to, to be printed.
    """
    count = sum(1 for _ in read_recording(recording))
    with closing(open_sink()) as sink:
        for event in read_recording(recording):
            sink.publish(event)
    sys.stderr.write(f"{recording}: {count} events published to {place}\n")
    return 0


def taker_of(path: Path) -> Callable[[], EventSink]:
    """How the takers of events that a configuration names are opened.

    Raises:
        ConfigError: if it names none, or makes no sense.
    """
    openers = list(further_openers(load_config(path), None))
    if not openers:
        raise ConfigError(f"{path}: expected `events: {{mqtt: ...}}` or `events: {{webhook: ...}}`, found neither")
    return Fanout(openers)


def bridge_to_mdx(brokers: Brokers, topic: str, mdx_topic: str, *, group: str, idle_s: float | None) -> int:
    """Publishes every event of a topic once more as NVIDIA's `mdx-mtmc`, until Ctrl-C or none came for `idle_s`.

    An event is handled when its message is delivered: a crash may repeat some, and loses none.
    """
    try:
        with (
            MdxSink(brokers, mdx_topic) as sink,
            EventConsumer(brokers, topic, group=group, dead_letter=_complain, idle_s=idle_s) as events,
        ):
            for event in events:
                sink.publish(event)
                sink.flush()
    except KeyboardInterrupt:
        return 0
    return 0


def _complain(letter: DeadLetter) -> None:
    sys.stderr.write(f"reid-pipeline: {letter}\n")
