"""What is published to a topic of MQTT, read without any of the code under test."""

import threading
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from testing.waiting import until

KEEPS_FOR_S = 300
"""A session is kept by the broker for so long, whatever becomes of the line."""


class Subscriber:
    """A client with a session that outlives its line, subscribed with QoS 1 while it is entered.

    Attributes:
        messages: that came so far, in order, those that came twice twice.
    """

    def __init__(self, port: int, topic: str, *, login: tuple[str, str] | None = None) -> None:
        self.messages: list[MQTTMessage] = []
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="reader", protocol=MQTTProtocolVersion.MQTTv5)
        if login:
            self._client.username_pw_set(*login)
        self._client.reconnect_delay_set(1, 1)
        self._topic = topic
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._take
        self._port = port

    def __enter__(self) -> Self:
        keeps = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        keeps.SessionExpiryInterval = KEEPS_FOR_S
        self._client.connect("127.0.0.1", self._port, clean_start=False, properties=keeps)
        self._client.loop_start()
        until(self._subscribed.is_set, "the broker has heard what is read")
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _subscribe(self, *_: Any) -> None:
        self._client.subscribe(self._topic, qos=1)

    def _take(self, _: Client, __: Any, message: MQTTMessage) -> None:
        self.messages.append(message)
