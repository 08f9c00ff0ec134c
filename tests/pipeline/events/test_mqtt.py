"""Events to a real MQTT broker that is well, cut off, frozen, or wants none of it."""

import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr

from passerby_events.errors import EventsError, EventsRefusedError, EventTooLargeError
from pipeline.events.mqtt import MqttSink
from pipeline.events.targets import MqttTarget
from testing.events import a_match
from testing.services.mosquitto import PASSWORD, USER, Mosquitto
from testing.services.mqtt_messages import Subscriber
from testing.services.needed import need_certificate, need_mosquitto
from testing.services.ports import free_port
from testing.services.proxy import Proxy
from testing.waiting import until

TOPIC = "passerby/test"


def target(port: int, *, within_s: float = 30.0) -> MqttTarget:
    return MqttTarget("127.0.0.1", port, TOPIC, has_tls=False, deliver_within_s=within_s)


def publish(sink: MqttSink, *numbers: int) -> None:
    for number in numbers:
        sink.publish(a_match().model_copy(update={"event_id": UUID(int=number)}))


def test_an_event_says_what_it_is_in_its_properties(mosquitto: Mosquitto) -> None:
    with Subscriber(mosquitto.port, TOPIC) as subscriber:
        with MqttSink(target(mosquitto.port)) as sink:
            sink.publish(a_match())
        until(lambda: subscriber.messages, "it is handed on")
        (message,) = subscriber.messages
    assert json.loads(message.payload) == json.loads(a_match().model_dump_json())
    assert message.qos == 1
    assert not message.retain
    assert getattr(message.properties, "ContentType", None) == "application/json"
    about = dict(getattr(message.properties, "UserProperty", ()))
    assert about["id"] == str(a_match().event_id)
    assert about["type"] == "io.passerby.person.matched.v1"


def test_a_line_that_is_cut_costs_nothing_and_first_copies_come_in_order(mosquitto: Mosquitto) -> None:
    with Subscriber(mosquitto.port, TOPIC) as subscriber, Proxy(mosquitto.port) as line:
        with MqttSink(target(line.port)) as sink:
            for number in range(60):
                publish(sink, number)
                if number in (20, 40):
                    line.cut()
            sink.flush()
        until(lambda: len({message.payload for message in subscriber.messages}) == 60, "all are handed on")
        found = [UUID(json.loads(message.payload)["event_id"]).int for message in subscriber.messages]
    assert list(dict.fromkeys(found)) == list(range(60))


def test_a_frozen_broker_is_given_up_in_time_and_every_later_call_says_so(mosquitto: Mosquitto) -> None:
    sink = MqttSink(target(mosquitto.port, within_s=1.0))
    mosquitto.freeze()
    publish(sink, 1)
    with pytest.raises(EventsError, match=r"within 1 s, found no answer with 1 waiting; is the broker up") as raised:
        sink.flush()
    assert not isinstance(raised.value, EventsRefusedError)
    with pytest.raises(EventsError):
        publish(sink, 2)
    with pytest.raises(EventsError):
        sink.close()


def test_a_broker_that_nobody_started_is_an_outage() -> None:
    with pytest.raises(EventsError, match="Connection refused; is the broker up"):
        MqttSink(target(free_port(), within_s=0.5))


@pytest.mark.parametrize(
    ("password", "topic", "line"),
    [
        ("another", TOPIC, "is refused: Not authorized; "),
        (
            PASSWORD,
            "elsewhere",
            "topic elsewhere at .* is refused: Not authorized; are username and password right, and may this user",
        ),
    ],
)
def test_who_or_what_a_broker_does_not_allow_is_refused_at_once(
    tmp_path: Path, password: str, topic: str, line: str
) -> None:
    need_mosquitto()
    with Mosquitto(tmp_path, asks=True) as broker:
        asked = replace(target(broker.port), username=USER, password=SecretStr(password), topic=topic)
        with pytest.raises(EventsRefusedError, match=line) as raised, MqttSink(asked) as sink:
            publish(sink, 1)
    assert password not in str(raised.value)
    assert "correct" not in repr(asked)


def test_an_event_that_is_too_large_is_told_from_the_others(tmp_path: Path) -> None:
    need_mosquitto()
    with Mosquitto(tmp_path, options=["max_packet_size 500"]) as broker:
        sink = MqttSink(target(broker.port))
        with pytest.raises(EventTooLargeError, match="it takes 500 bytes; raise max_packet_size of the broker"):
            publish(sink, 1)


def test_a_certificate_is_checked_and_one_of_our_own_can_be_named(tmp_path: Path) -> None:
    need_mosquitto()
    certificate = need_certificate(tmp_path)
    with Mosquitto(tmp_path, certificate=certificate) as broker:
        secured = replace(target(broker.port), has_tls=True)
        with pytest.raises(EventsRefusedError, match=r"is not trusted .*ca_file"):
            MqttSink(secured)
        with MqttSink(replace(secured, ca_file=certificate.file)) as sink:
            publish(sink, 1)
            sink.flush()
