"""`reid-pipeline events tail` and `replay`: events out of Kafka, and recorded ones into it."""

import sys
from itertools import islice
from pathlib import Path

from passerby_events.brokers import Brokers
from passerby_events.consumer import EventConsumer
from passerby_events.dead_letters import DeadLetter
from passerby_events.recordings import read_recording
from pipeline.events.kafka.mdx_sink import MdxSink
from pipeline.events.kafka.sink import KafkaSink


def tail(
    brokers: Brokers,
    topic: str,
    *,
    group: str | None,
    from_beginning: bool,
    count: int | None,
    idle_s: float | None,
) -> int:
    """Prints events as JSON lines, each once, until `count` came, none came for `idle_s`, or Ctrl-C; says to stderr
    what is no event, and passes over it."""
    try:
        with EventConsumer(
            brokers, topic, group=group, dead_letter=_complain, from_beginning=from_beginning, idle_s=idle_s
        ) as events:
            for event in islice(events, count):
                sys.stdout.write(event.model_dump_json() + "\n")
                sys.stdout.flush()
    except KeyboardInterrupt:
        return 0
    return 0


def replay(recording: Path, brokers: Brokers, topic: str) -> int:
    """Publishes a recording, with the ids that it has; nothing of it if a line of it is no event."""
    count = sum(1 for _ in read_recording(recording))
    with KafkaSink(brokers, topic) as sink:
        for event in read_recording(recording):
            sink.publish(event)
    sys.stderr.write(f"{recording}: {count} events published to {topic}\n")
    return 0


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
