"""`reid-pipeline topics ...` and `reid-pipeline events ...`: what there is to do with Kafka.

How to reach it stands in `KAFKA_*` variables of the environment (docs/events.md).
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from passerby_events.brokers import Brokers

topics = typer.Typer(help="Kafka's topics.", no_args_is_help=True, rich_markup_mode=None)
events = typer.Typer(help="Events in Kafka.", no_args_is_help=True, rich_markup_mode=None)

BrokersOption = Annotated[
    str | None, typer.Option("--brokers", help="HOST:PORT, separated by commas.  [default: $KAFKA_BOOTSTRAP_SERVERS]")
]
TopicOption = Annotated[str, typer.Option(help="Of the events.")]


@topics.command()
def create(
    topic: TopicOption = "passerby.identities.v1",
    dead_letters: Annotated[str, typer.Option(help="Topic of what is no event.")] = "passerby.dead-letters.v1",
    partitions: Annotated[int, typer.Option(help="How many consumers of a group can share the work.")] = 8,
    replication: Annotated[
        int | None, typer.Option(help="Copies of each event.  [default: what the brokers do]")
    ] = None,
    retention_hours: Annotated[float, typer.Option(help="Older events are deleted.")] = 24.0,
    brokers: BrokersOption = None,
) -> int:
    """Makes the topics that are not there yet, and says what is there."""
    from pipeline.commands.topics import create_topics

    return create_topics(
        _reached(brokers),
        topic,
        dead_letters,
        partitions=partitions,
        replication=replication,
        retention_hours=retention_hours,
    )


@events.command()
def tail(
    topic: TopicOption = "passerby.identities.v1",
    group: Annotated[str | None, typer.Option(help="Go on where this consumer group stopped.")] = None,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Old events too.")] = False,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    idle: Annotated[float | None, typer.Option(help="Stop when nothing came for so many seconds.")] = None,
    person: Annotated[str | None, typer.Option(help="Only what concerns this one, by id.")] = None,
    camera: Annotated[str | None, typer.Option(help="Only who was seen in this one.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only events of this kind, such as person.matched.")] = None,
    pretty: Annotated[bool, typer.Option("--pretty", help="A line for people in the place of JSON.")] = False,
    brokers: BrokersOption = None,
) -> int:
    """Prints events as they come, each once, as JSON lines."""
    from pipeline.commands.events import Filters
    from pipeline.commands.events import tail as print_events

    filters = Filters.of(person, camera, kind)
    return print_events(
        _reached(brokers),
        topic,
        filters,
        group=group,
        from_beginning=from_beginning,
        count=count,
        idle_s=idle,
        is_pretty=pretty,
    )


@events.command()
def replay(
    file: Annotated[Path, typer.Argument(help="Recorded events, JSON lines.")],
    topic: TopicOption = "passerby.identities.v1",
    brokers: BrokersOption = None,
    to: Annotated[
        Path | None, typer.Option(help="Configuration whose MQTT and webhook take them, in the place of Kafka.")
    ] = None,
) -> int:
    """Publishes recorded events, with the ids that they have."""
    from functools import partial

    from pipeline.commands.events import replay as publish
    from pipeline.commands.events import taker_of

    if to is not None:
        return publish(file, taker_of(to), f"what {to} names")
    from pipeline.events.kafka.sink import KafkaSink

    return publish(file, partial(KafkaSink, _reached(brokers), topic), topic)


@events.command()
def mdx(
    topic: TopicOption = "passerby.identities.v1",
    to: Annotated[str, typer.Option(help="Topic of the messages.")] = "mdx-mtmc",
    group: Annotated[str, typer.Option(help="Go on where this consumer group stopped.")] = "passerby-mdx",
    idle: Annotated[float | None, typer.Option(help="Stop when nothing came for so many seconds.")] = None,
    brokers: BrokersOption = None,
) -> int:
    """Publishes events once more as NVIDIA's mdx-mtmc messages."""
    from pipeline.commands.events import bridge_to_mdx

    return bridge_to_mdx(_reached(brokers), topic, to, group=group, idle_s=idle)


def _reached(addresses: str | None) -> "Brokers":
    from passerby_events.environment import brokers_from

    return brokers_from(os.environ, addresses)
