"""What Kafka refuses for good, told from what it cannot do just now, with what there is to do about it."""

from kafka.errors import (
    AuthorizationError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    SaslAuthenticationFailedError,
    UnknownTopicOrPartitionError,
    UnsupportedSaslMechanismError,
    UnsupportedVersionError,
)

from passerby_events.brokers import Brokers
from passerby_events.errors import EventsError, EventsRefusedError, EventTooLargeError

_ADVICE: tuple[tuple[type[Exception], str], ...] = (
    (MessageSizeTooLargeError, "raise max.message.bytes of the topic"),
    (RecordListTooLargeError, "raise max.message.bytes of the topic"),
    (AuthorizationError, "have this user allowed to do it (kafka-acls)"),
    (SaslAuthenticationFailedError, "are user and password right?"),
    (UnsupportedSaslMechanismError, "name a mechanism that the brokers have: KAFKA_SASL_MECHANISM"),
    (UnknownTopicOrPartitionError, "reid-pipeline topics create makes it"),
    (InvalidTopicError, "name another topic"),
    (UnsupportedVersionError, "use brokers that are newer"),
)
"""What to do about each error that comes again however often one tries."""


def refusal(of: str, error: Exception) -> EventsRefusedError | None:
    """The one line about what brokers will always refuse, and what to do; None where trying again may help.

    Args:
        of: what was asked of whom.
        error: of the client of Kafka.
    """
    advice = next((advice for kind, advice in _ADVICE if isinstance(error, kind)), None)
    if advice is None:
        return None
    is_large = isinstance(error, MessageSizeTooLargeError | RecordListTooLargeError)
    return (EventTooLargeError if is_large else EventsRefusedError)(f"{of} is refused: {error}; {advice}")


def unreachable(brokers: Brokers, within_s: float, error: Exception) -> EventsError:
    """The one line about a cluster that cannot be used."""
    refused = refusal(f"what was asked of Kafka at {brokers}", error)
    return refused or EventsError(
        f"expected Kafka at {brokers} within {within_s:g} s, found {error}; "
        "is it up, and are address, user and certificates right?"
    )
