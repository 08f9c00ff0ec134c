"""Events to a Kafka topic as NVIDIA's `mdx-mtmc` messages."""

from typing import Self

from passerby_events.brokers import Brokers
from passerby_events.schema import Event
from pipeline.events.kafka.mdx import TOPIC, MdxAdapter, MdxParams
from pipeline.events.kafka.sink import KafkaWriter

HEADERS = [("content-type", b"application/json")]


class MdxSink:
    """An event sink for consumers of Metropolis: one message for each person whom an event
    concerns, keyed by that person.

    What it knows of persons is lost when it ends, so that messages name fewer tracks after a restart.
    """

    def __init__(
        self,
        brokers: Brokers,
        topic: str = TOPIC,
        *,
        params: MdxParams | None = None,
        deliver_within_s: float = 30.0,
    ) -> None:
        """As `KafkaWriter`, whose errors and times are its own."""
        self._adapter = MdxAdapter(params)
        self._writer = KafkaWriter(brokers, topic, deliver_within_s=deliver_within_s)

    def publish(self, event: Event) -> None:
        for message in self._adapter.messages(event):
            self._writer.write(message.key, message.model_dump_json().encode(), HEADERS)

    def flush(self) -> None:
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
