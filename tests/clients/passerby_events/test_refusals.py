import pytest
from kafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    NotLeaderForPartitionError,
    SaslAuthenticationFailedError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from passerby_events.brokers import Brokers
from passerby_events.errors import EventsRefusedError, EventTooLargeError
from passerby_events.refusals import refusal, unreachable


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (TopicAuthorizationFailedError("t"), "kafka-acls"),
        (SaslAuthenticationFailedError("no"), "are user and password right"),
        (UnknownTopicOrPartitionError("t"), "topics create makes it"),
        (MessageSizeTooLargeError("1"), "raise max.message.bytes"),
    ],
)
def test_what_comes_again_however_often_one_tries_says_what_to_do(error: KafkaError, advice: str) -> None:
    refused = refusal("an event for topic t", error)
    assert refused is not None
    assert str(refused).startswith("an event for topic t is refused: ")
    assert advice in str(refused)
    assert isinstance(refused, EventTooLargeError) == isinstance(error, MessageSizeTooLargeError)


@pytest.mark.parametrize("error", [KafkaConnectionError("x"), KafkaTimeoutError("x"), NotLeaderForPartitionError("x")])
def test_what_passes_is_an_outage(error: KafkaError) -> None:
    assert refusal("an event", error) is None
    found = unreachable(Brokers(("a:1",)), 3.0, error)
    assert not isinstance(found, EventsRefusedError)
    assert "is it up" in str(found)
