"""`reid-pipeline topics create`: Kafka's topics, as they should be."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from rich.console import Console

from passerby_events.brokers import Brokers
from pipeline.config_errors import ConfigError
from pipeline.events.kafka.topics import POLICY, Topic, TopicParams, ensure_topic


def create_topics(
    brokers: Brokers,
    events: str,
    dead_letters: str,
    *,
    partitions: int,
    replication: int | None,
    retention_hours: float,
) -> int:
    """Makes the topic of events and that of dead letters if they are not there, and prints what it found and did.

    Returns:
        0 if both are as asked; 1 if one was there already and differs: it is left alone.
    """
    try:
        params = TopicParams(partitions, replication, timedelta(hours=retention_hours))
    except ValueError as error:
        raise ConfigError(str(error)) from error
    wanted = ((events, params), (dead_letters, replace(params, partitions=1)))
    departures = [_say(ensure_topic(brokers, name, asked), asked) for name, asked in wanted]
    return 1 if any(departures) else 0


def _say(topic: Topic, asked: TopicParams) -> Sequence[str]:
    departures = topic.departures(asked)
    did = "made" if topic.is_new else "was there, left as it is" if departures else "was there"
    retention = "for ever" if topic.retention is None else f"for {topic.retention / timedelta(hours=1):g} h"
    line = f"{topic.name}: {did}; {topic.partitions} partitions, {topic.replication} copies, kept {retention}"
    lossy = [] if topic.policy == POLICY else [why_lossy(topic.name)]
    out = Console(highlight=False)
    out.print("; ".join((line, *departures, *lossy)), soft_wrap=True, markup=False)
    return departures


def why_lossy(topic: str) -> str:
    """What another policy than `delete` means for a topic of events, and what to do."""
    return (
        "Kafka would keep the last event of each person alone: "
        f"kafka-configs --alter --entity-type topics --entity-name {topic} --add-config cleanup.policy=delete"
    )
