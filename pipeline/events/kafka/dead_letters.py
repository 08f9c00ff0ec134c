"""Messages that are no events, dead-lettered into a topic of their own with the reason, so that reading goes on."""

from dataclasses import dataclass
from typing import Self

from kafka.errors import KafkaError

from pipeline.events.kafka.brokers import Brokers
from pipeline.events.kafka.sink import abort, open_producer_for
from pipeline.events.kafka.topics import DEAD_LETTERS
from pipeline.events.sink import EventSinkError

LONGEST = 256 * 1024
"""Bytes of a message that are kept, and as many of its key: enough to see what it is, and with its headers below what
brokers refuse (1 MB). A letter that cannot be dead-lettered would stop its reader for good."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be read.

    Attributes:
        topic, partition, offset: where it lies.
        key, value: as it came; None where there is none.
        reason: what was expected and what was found.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    reason: str

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}@{self.offset}: {self.reason}"


class DeadLetters:
    """Writes dead letters to a topic: key and value as they came, cut, the rest in headers named `dead_letter_*`."""

    def __init__(self, brokers: Brokers, topic: str = DEAD_LETTERS, *, deliver_within_s: float = 30.0) -> None:
        """Connects, and looks whether the topic is there.

        Raises:
            EventSinkError: if no broker answers in that time, it refuses us, or the topic is not there.
        """
        self._producer = open_producer_for(brokers, topic, within_s=deliver_within_s)
        self._topic = topic
        self._deliver_within_s = deliver_within_s

    def put(self, letter: DeadLetter) -> None:
        """Returns when it is delivered.

        Raises:
            EventSinkError: if it is not within the stated time.
        """
        value = letter.value and letter.value[:LONGEST]
        key = b"" if letter.key is None and value is None else letter.key and letter.key[:LONGEST]
        try:
            sent = self._producer.send(self._topic, key=key, value=value, headers=_headers(letter))
            sent.get(timeout=self._deliver_within_s)
        except KafkaError as error:
            raise EventSinkError(f"could not put {letter} aside into topic {self._topic}: {error}") from error

    def close(self) -> None:
        """Each letter was delivered by `put`, or it was told."""
        abort(self._producer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _headers(letter: DeadLetter) -> list[tuple[str, bytes]]:
    reported = {
        "reason": letter.reason,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "bytes": len(letter.value or b""),
    }
    return [(f"dead_letter_{name}", str(value).encode()) for name, value in reported.items()]
