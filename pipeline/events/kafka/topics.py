"""Kafka's topics: makes them, once, and says whether one is there as asked."""

from dataclasses import dataclass
from datetime import timedelta

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import AuthorizationError, KafkaError, TopicAlreadyExistsError, for_code

from passerby_events.brokers import Brokers
from passerby_events.errors import EventsError
from passerby_events.refusals import unreachable
from passerby_events.topics import open_admin, require_topic

SEGMENTS = 4
"""Per retention. Kafka deletes whole segments, so an event outlives its retention by up to one of them."""
POLICY = "delete"
"""What Kafka does to old events. Compaction would keep the last event of a person alone, and never forget it."""


@dataclass(frozen=True, slots=True)
class TopicParams:
    """What a topic is made with.

    Attributes:
        partitions: how many consumers of one group can share the work. Raising it later sends a person's new events to
            another partition than the old ones, so their order is lost: start with enough.
        replication: copies of each event; None for what the brokers do by themselves. From three on, two must have an
            event before it counts as delivered.
        retention: events older than this are deleted, somewhat later.
    """

    partitions: int = 8
    replication: int | None = None
    retention: timedelta = timedelta(hours=24)

    def __post_init__(self) -> None:
        copies = 1 if self.replication is None else self.replication
        if self.partitions < 1 or copies < 1 or self.retention < timedelta(minutes=1):
            raise ValueError(
                "expected one partition or more, one copy or more and a retention of a minute or more, "
                f"found {self.partitions}, {self.replication} and {self.retention}"
            )


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is.

    Attributes:
        name: of the topic.
        is_new: it was made just now.
        partitions, replication, retention: as of `TopicParams`; a retention of None keeps events for ever.
        policy: `cleanup.policy`.
    """

    name: str
    is_new: bool
    partitions: int
    replication: int
    retention: timedelta | None
    policy: str

    def departures(self, params: TopicParams) -> list[str]:
        """In what it is other than `params`, in a few words each."""
        asked = (
            ("partitions", self.partitions, params.partitions),
            ("copies", self.replication, params.replication or self.replication),
            ("retention", self.retention, params.retention),
            ("cleanup.policy", self.policy, POLICY),
        )
        return [f"{what}: {found}, not {wanted}" for what, found, wanted in asked if found != wanted]


def ensure_topic(brokers: Brokers, name: str, params: TopicParams, *, within_s: float = 30.0) -> Topic:
    """Makes a topic if it is not there yet; one that is there stays as it is.

    Raises:
        EventsError: if no broker answers within `within_s` seconds, or they refuse.
    """
    settings = {
        "num_partitions": params.partitions,
        "replication_factor": params.replication or -1,
        "configs": _settings(params),
    }
    with open_admin(brokers, within_s=within_s) as admin:
        try:
            made = admin.create_topics({name: settings}, raise_errors=False)["topics"][0]
            fault = for_code(made["error_code"])
            if fault.errno and not issubclass(fault, TopicAlreadyExistsError):
                raise EventsError(f"could not make topic {name} at {brokers}: {made['error_message']}")
            admin.wait_for_topics([name], timeout_ms=round(within_s * 1000))
            return _described(admin, name, is_new=not fault.errno)
        except KafkaError as error:
            raise unreachable(brokers, within_s, error) from error


def _settings(params: TopicParams) -> dict[str, str]:
    retention_ms = round(params.retention / timedelta(milliseconds=1))
    settings = {
        "cleanup.policy": POLICY,
        "retention.ms": str(retention_ms),
        "segment.ms": str(retention_ms // SEGMENTS),
    }
    if params.replication is None:
        return settings
    return settings | {"min.insync.replicas": "2" if params.replication >= 3 else "1"}


@dataclass(frozen=True, slots=True)
class TopicLook:
    """What is seen of a topic by who only looks.

    Attributes:
        brokers: of the cluster.
        partitions, replication: of the topic.
        policy, max_message_bytes: its settings; None where this user may not read them.
    """

    brokers: int
    partitions: int
    replication: int
    policy: str | None
    max_message_bytes: int | None


def look_at_topic(brokers: Brokers, name: str, *, within_s: float) -> TopicLook:
    """Looks at a topic and its cluster, and changes nothing.

    Raises:
        EventsRefusedError: if the topic is not there, or we may not use it.
        EventsError: if no broker answers within `within_s` seconds.
    """
    require_topic(brokers, name, within_s=within_s)
    with open_admin(brokers, within_s=within_s) as admin:
        try:
            count = len(admin.describe_cluster()["brokers"])
            partitions = admin.describe_topics([name])[0]["partitions"]
            try:
                settings = _settings_of(admin, name, ["cleanup.policy", "max.message.bytes"])
            except AuthorizationError:
                settings = {}
        except KafkaError as error:
            raise unreachable(brokers, within_s, error) from error
    largest = settings.get("max.message.bytes")
    return TopicLook(
        count,
        len(partitions),
        len(partitions[0]["replica_nodes"]),
        settings.get("cleanup.policy"),
        None if largest is None else int(largest),
    )


def _settings_of(admin: KafkaAdminClient, name: str, keys: list[str]) -> dict[str, str]:
    found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name, keys)], config_filter="all")
    return {key: str(found["topic"][name][key]["value"]) for key in keys}


def _described(admin: KafkaAdminClient, name: str, *, is_new: bool) -> Topic:
    partitions = admin.describe_topics([name])[0]["partitions"]
    settings = _settings_of(admin, name, ["retention.ms", "cleanup.policy"])
    retention_ms = int(settings["retention.ms"])
    return Topic(
        name,
        is_new,
        partitions=len(partitions),
        replication=len(partitions[0]["replica_nodes"]),
        retention=timedelta(milliseconds=retention_ms) if retention_ms >= 0 else None,
        policy=settings["cleanup.policy"],
    )
