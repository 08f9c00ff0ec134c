"""Events to a topic of an MQTT 5 broker, with QoS 1: each is acknowledged, or sent again.

MQTT 5, because its acknowledgements say why a broker does not take a message; before, it drops in silence what a user
may not publish. The client connects again by itself and then sends once more what was not acknowledged, in order, so
that what a broker has got is always a beginning of what was published, perhaps with some of it twice.
"""

import socket
import ssl
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Self

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from passerby_events.errors import EventsError, EventsRefusedError, EventTooLargeError
from passerby_events.schema import Event
from pipeline.events.cloudevents import CONTENT_TYPE, attributes
from pipeline.events.targets import MqttTarget

MOST_WAITING = 5000
"""Messages without an acknowledgement; at a few kilobytes each below 20 MB."""
KEEP_ALIVE_S = 15
"""A broker that is silent for this long, and half of it again, is taken for gone."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1, 8
"""Between two tries to connect; it doubles."""
CONNECT_S = 5.0
IN_FLIGHT = 10
"""Messages that are under way at a time: the client does not heed what a broker announces, and some take no more."""
NO_ANSWER = "no answer"
HEADER_BYTES = 1024
"""More than all of a message that is not its body takes."""

_TOO_LARGE = 0x95
_ADVICE = {
    0x84: "it speaks no MQTT 5: upgrade it",
    0x85: "set `events: {mqtt: {client_id: ...}}` to one that it takes",
    0x86: "are username and password right?",
    0x87: "are username and password right, and may this user publish to that topic?",
    0x8A: "this client is banned there",
    0x8E: "another client came with this client_id: set `events: {mqtt: {client_id: ...}}` to one of its own",
    0x8C: "it wants another way to say who we are",
    0x90: "name another topic",
    0x99: "it wants another payload: name another topic",
    0x9C: "name the broker that it means",
    0x9D: "name the broker that it means",
}
"""What to do about each code that comes again however often one tries."""


@dataclass(frozen=True, slots=True)
class _Connected:
    """The broker has taken us; `largest` is how many bytes a message may have, None: as many as it likes."""

    largest: int | None


@dataclass(frozen=True, slots=True)
class _Acknowledged:
    """A message has arrived."""

    message: int


@dataclass(frozen=True, slots=True)
class _Refused:
    """The broker has not taken a message; or not us, and will not however often we try."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Troubled:
    """There is no connection, and the client tries again."""

    reason: str


_News = _Connected | _Acknowledged | _Refused | _Troubled


class MqttSink:
    """Publishes events to one topic, as CloudEvents; from one thread."""

    def __init__(self, target: MqttTarget) -> None:
        """Connects.

        Raises:
            EventsRefusedError: if the broker does not take us, or we do not trust it.
            EventsError: if it does not answer within the target's time.
        """
        self._target = target
        self._news: SimpleQueue[_News] = SimpleQueue()
        self._waiting: set[int] = set()
        self._failure: EventsError | None = None
        self._is_open = True
        self._is_connected = False
        self._trouble = NO_ANSWER
        self.largest: int | None = None
        self._client = _client_for(target, self._news)
        self._heard_s = time.monotonic()
        try:
            self._connect()
        except BaseException:
            self._abort()
            raise

    def publish(self, event: Event) -> None:
        """Hands one event to the client; waits only while `MOST_WAITING` are without an acknowledgement."""
        self._check()
        body = event.model_dump_json().encode()
        if self.largest is not None and len(body) + HEADER_BYTES > self.largest:
            self._give_up(
                EventTooLargeError(
                    f"an event of {len(body)} bytes for {self._target} is refused: it takes {self.largest} bytes; "
                    "raise max_packet_size of the broker"
                )
            )
        if not self._waiting:
            self._heard_s = time.monotonic()
        sent = self._client.publish(self._target.topic, body, qos=1, properties=_properties(event))
        self._waiting.add(sent.mid)
        self._collect(below=MOST_WAITING)

    def flush(self) -> None:
        self._check()
        self._collect(below=1)

    def close(self) -> None:
        if self._failure:
            raise self._failure
        if self._is_open:
            self.flush()
            self._is_open = False
            self._client.disconnect()
            self._abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check(self) -> None:
        if self._failure:
            raise self._failure
        if not self._is_open:
            raise EventsError("the sink is closed")

    def _connect(self) -> None:
        """The first time here, so that it is seen why it fails; later the client does it by itself."""
        ends_s, wait_s = time.monotonic() + self._target.deliver_within_s, float(FIRST_WAIT_S)
        while True:
            try:
                self._client.connect(self._target.host, self._target.port, keepalive=KEEP_ALIVE_S)
                break
            except ssl.SSLCertVerificationError as error:
                raise EventsRefusedError(
                    f"the certificate of {self._target} is not trusted ({error.verify_message}); "
                    "`events: {mqtt: {ca_file: ...}}` names who signed it"
                ) from error
            except OSError as error:
                left_s = ends_s - time.monotonic()
                time.sleep(max(0.0, min(wait_s, left_s)))
                if wait_s >= left_s:
                    raise self._outage(error.strerror or str(error)) from error
            wait_s = min(2 * wait_s, float(LONGEST_WAIT_S))
        self._client.loop_start()
        self._heard_s = time.monotonic()
        while not self._is_connected:
            self._hear()

    def _collect(self, *, below: int) -> None:
        """Takes in what was acknowledged; waits while so many or more are not."""
        while len(self._waiting) >= below or (self._waiting and not self._news.empty()):
            try:
                self._hear()
            except EventsError as error:
                self._give_up(error)

    def _hear(self) -> None:
        """Waits for one piece of news.

        Raises:
            EventsError: if it is bad, or none comes within the target's time since the last that was good.
        """
        left_s = self._heard_s + self._target.deliver_within_s - time.monotonic()
        try:
            news = self._news.get(timeout=max(0.001, left_s))
        except Empty:
            raise self._outage(self._trouble + f" with {len(self._waiting)} waiting" * bool(self._waiting)) from None
        match news:
            case _Connected(largest=largest):
                self._is_connected, self._trouble, self.largest = True, NO_ANSWER, largest
            case _Troubled(reason=reason):
                self._trouble = reason
            case _Acknowledged(message=message):
                self._waiting.discard(message)
                self._heard_s = time.monotonic()
            case _Refused(code=code, reason=reason):
                raise self._fault(code, reason)

    def _fault(self, code: int, reason: str) -> EventsError:
        """What a code of the broker means."""
        of = f"an event for topic {self._target.topic} at {self._target}"
        if code == _TOO_LARGE:
            return EventTooLargeError(f"{of} is refused: {reason}; raise message_size_limit of the broker")
        if code in _ADVICE:
            return EventsRefusedError(f"{of} is refused: {reason}; {_ADVICE[code]}")
        return self._outage(reason)

    def _outage(self, found: str) -> EventsError:
        if not self._is_connected:
            within = f"within {self._target.deliver_within_s:g} s"
            return EventsError(f"expected {self._target} to let us in {within}, found {found}; is the broker up?")
        return EventsError(
            f"expected {self._target} to acknowledge events within {self._target.deliver_within_s:g} s, found {found}; "
            "is the broker up? what waits must be sent again"
        )

    def _give_up(self, error: EventsError) -> None:
        """Nothing that waits may still go out afterwards: it would overtake what the caller sends again.

        Raises:
            EventsError: always.
        """
        self._abort()
        self._failure = error
        raise error

    def _abort(self) -> None:
        """Ends the client at once: its thread waits for a broker that is frozen, unless its socket is gone."""
        self._client.on_disconnect = None
        end = self._client.socket()
        if self._is_open and isinstance(end, socket.socket):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._client.disconnect()
        self._client.loop_stop()


def _client_for(target: MqttTarget, news: "SimpleQueue[_News]") -> Client:
    """A client whose own thread puts what happens into `news`: it holds a lock of the client meanwhile, so that
    nothing but a queue is safe there.
    """
    client = Client(CallbackAPIVersion.VERSION2, client_id=target.client_id or "", protocol=MQTTProtocolVersion.MQTTv5)
    client.connect_timeout = min(CONNECT_S, target.deliver_within_s)
    client.reconnect_delay_set(FIRST_WAIT_S, LONGEST_WAIT_S)
    client.max_inflight_messages_set(IN_FLIGHT)
    if target.username is not None:
        client.username_pw_set(target.username, target.password.get_secret_value() if target.password else None)
    if target.has_tls:
        client.tls_set_context(_trusted(target))

    def connected(_: Client, __: Any, ___: ConnectFlags, reason: ReasonCode, properties: Properties | None) -> None:
        if reason.is_failure:
            news.put(_lost(reason))
            return
        news.put(_Connected(getattr(properties, "MaximumPacketSize", None)))

    def acknowledged(_: Client, __: Any, message: int, reason: ReasonCode, ___: Properties | None) -> None:
        news.put(_Refused(reason.value, str(reason)) if reason.is_failure else _Acknowledged(message))

    def disconnected(_: Client, __: Any, ___: DisconnectFlags, reason: ReasonCode, ____: Properties | None) -> None:
        news.put(_lost(reason))

    def not_connected(_: Client, __: Any) -> None:
        news.put(_Troubled(str(sys.exception() or NO_ANSWER)))

    client.on_connect, client.on_connect_fail = connected, not_connected
    client.on_publish, client.on_disconnect = acknowledged, disconnected
    return client


def _lost(reason: ReasonCode) -> _Refused | _Troubled:
    """Why there is no connection: for good, or until the client has made another."""
    if reason.value == _TOO_LARGE or reason.value in _ADVICE:
        return _Refused(reason.value, str(reason))
    return _Troubled(str(reason).lower())


def _properties(event: Event) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = CONTENT_TYPE
    properties.UserProperty = list(attributes(event).items())
    return properties


def _trusted(target: MqttTarget) -> ssl.SSLContext:
    """Whose certificates are believed, and ours.

    Raises:
        EventsRefusedError: if a file cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=target.ca_file)
        if target.certificate_file is not None:
            context.load_cert_chain(target.certificate_file, target.key_file)
    except OSError as error:
        files = ", ".join(str(each) for each in (target.ca_file, target.certificate_file, target.key_file) if each)
        raise EventsRefusedError(f"expected certificates in PEM in {files}, found {error.strerror or error}") from error
    return context
