"""The topics of Kafka that events lie in, and whether one is there."""

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, UnknownTopicOrPartitionError, for_code

from passerby_events.brokers import Brokers
from passerby_events.errors import EventsError, EventsRefusedError
from passerby_events.refusals import refusal, unreachable

EVENTS = "passerby.identities.v1"
DEAD_LETTERS = "passerby.dead-letters.v1"


def require_topic(brokers: Brokers, name: str, *, within_s: float) -> None:
    """Makes sure that a topic is there: one that Kafka makes by itself would have the wrong settings.

    Raises:
        EventsRefusedError: if it is not, or we may not use it.
        EventsError: if no broker answers within `within_s` seconds.
    """
    with open_admin(brokers, within_s=within_s) as admin:
        try:
            fault = for_code(admin.describe_topics([name])[0]["error_code"])
        except KafkaError as error:
            raise unreachable(brokers, within_s, error) from error
    if issubclass(fault, UnknownTopicOrPartitionError):
        raise EventsRefusedError(
            f"expected topic {name} at {brokers}, found none; reid-pipeline topics create makes it"
        )
    if fault.errno:
        refused = refusal(f"topic {name} at {brokers}", fault(name))
        raise refused or EventsError(f"expected topic {name} at {brokers}, found {fault.__name__}: {fault.description}")


def open_admin(brokers: Brokers, *, within_s: float) -> KafkaAdminClient:
    """A client for topics.

    Raises:
        EventsError: if no broker answers within `within_s` seconds, or they refuse us.
    """
    within_ms = round(within_s * 1000)
    try:
        return KafkaAdminClient(**brokers.options(), bootstrap_timeout_ms=within_ms, request_timeout_ms=within_ms)
    except (KafkaError, OSError) as error:
        raise unreachable(brokers, within_s, error) from error
