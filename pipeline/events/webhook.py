"""Events to a webhook: each as one POST, in order, the next when the one before was taken.

A thread of its own posts, so that whoever decides does not wait for a server far away. Within one sink an event is
tried until it is taken or the sink gives up, and nothing later goes out meanwhile: what arrived is always a beginning
of what was published.
"""

import base64
import hashlib
import hmac
import logging
import socket
import ssl
import threading
import time
from collections import deque
from contextlib import AbstractContextManager, suppress
from email.utils import parsedate_to_datetime
from typing import Any, Self

import httpx

from passerby_events.errors import EventsError, EventsRefusedError, EventTooLargeError
from passerby_events.schema import Event
from pipeline.events.cloudevents import CONTENT_TYPE, attributes
from pipeline.events.targets import WebhookTarget

MOST_WAITING = 5000
"""Events that were published and not taken; at a few kilobytes each below 20 MB."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 10.0
"""Between two tries; it doubles."""
MOST_REPLY_BYTES = 65_536
"""Of a reply that are read, so that the connection can be used again."""
_PASSING = frozenset((408, 425, 429))
"""Refusals that waiting mends, beside all that begin with 5."""
_ADVICE = {
    401: "is the token right?",
    403: "may this token, or this signature, do it?",
    404: "is the address right?",
    405: "does the address take POST?",
    410: "is the address right?",
}


class WebhookSink:
    """Posts events to one address."""

    def __init__(self, target: WebhookTarget) -> None:
        """Connects with the first event.

        Raises:
            EventsRefusedError: if the file of certificates cannot be read.
        """
        _keep_address_out_of_log()
        self._target = target
        self._wire = Wire(target)
        self._changed = threading.Condition()
        self._waiting: deque[Event] = deque()
        self._failure: Exception | None = None
        self._is_open = True
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    def publish(self, event: Event) -> None:
        """Hands an event to the thread; waits only while `MOST_WAITING` were not taken."""
        with self._changed:
            self._wait_until_below(MOST_WAITING)
            self._waiting.append(event)
            self._changed.notify_all()

    def flush(self) -> None:
        with self._changed:
            self._wait_until_below(1)

    def close(self) -> None:
        if self._failure:
            raise self._failure
        if self._is_open:
            self.flush()
            with self._changed:
                self._is_open = False
                self._changed.notify_all()
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait_until_below(self, count: int) -> None:
        """Ends, for the thread takes an event off or gives up within a stated time."""
        if not self._is_open:
            raise EventsError("the sink is closed")
        self._changed.wait_for(lambda: len(self._waiting) < count or self._failure is not None)
        if self._failure:
            raise self._failure

    def _run(self) -> None:
        with self._wire:
            while (event := self._next()) is not None:
                try:
                    deliver(self._wire, self._target, event)
                except Exception as error:  # noqa: BLE001 - raised to who publishes
                    self._give_up(error)
                    return
                with self._changed:
                    self._waiting.popleft()
                    self._changed.notify_all()

    def _next(self) -> Event | None:
        """The oldest event that was not taken; None if there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or not self._is_open)
            return self._waiting[0] if self._waiting else None

    def _give_up(self, error: Exception) -> None:
        with self._changed:
            self._failure = error
            self._changed.notify_all()


def deliver(wire: "Wire", target: WebhookTarget, event: Event) -> None:
    """Posts one event until it is taken.

    Raises:
        EventTooLargeError: if it is larger than what the server takes.
        EventsRefusedError: if the server refuses for good.
        EventsError: if it was not taken within the target's time.
    """
    body = event.model_dump_json().encode()
    about = {f"ce-{name}": value for name, value in attributes(event).items()}
    ends_s, wait_s = time.monotonic() + target.deliver_within_s, FIRST_WAIT_S
    while True:
        asked_s = 0.0
        try:
            answer = wire.post(body, about | _signature(target, event, body))
            if answer.is_success:
                return
            if refused := _refusal(target, answer):
                raise refused
            fault, asked_s = _outage(target, _status(answer)), _asked_wait_s(answer)
        except httpx.HTTPError as error:
            if refused := _distrust(target, error):
                raise refused from error
            fault = _outage(target, _reason(error))
        left_s, pause_s = ends_s - time.monotonic(), max(wait_s, asked_s)
        time.sleep(max(0.0, min(pause_s, left_s)))
        if pause_s >= left_s:
            raise fault
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)


def ask(target: WebhookTarget) -> str:
    """Asks a server once, without an event, and returns its status.

    Raises:
        EventsRefusedError: if it is not to be trusted, or does not know who we are.
        EventsError: if it does not answer, or only something in front of it does.
    """
    _keep_address_out_of_log()
    with httpx.Client(verify=_trusted(target), timeout=target.timeout_s, headers=_headers(target)) as client:
        try:
            answer = client.head(target.url.get_secret_value())
        except httpx.HTTPError as error:
            raise _distrust(target, error) or _away(target, _reason(error)) from error
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN) or answer.is_redirect:
        raise _refusal(target, answer) or AssertionError("these are refused")
    if answer.status_code in (httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT):
        raise _away(target, _status(answer))
    return _status(answer)


def _away(target: WebhookTarget, found: str) -> EventsError:
    return EventsError(f"cannot reach the webhook at {target}: {found or 'the connection broke off'}; is it up?")


class Wire:
    """Posts, each request within its time as a whole: httpx bounds each wait for the next bytes, and so never a server
    that sends one now and then. For one thread.
    """

    def __init__(self, target: WebhookTarget) -> None:
        """Connects with the first request.

        Raises:
            EventsRefusedError: if the file of certificates cannot be read.
        """
        self._target = target
        self._client = httpx.Client(verify=_trusted(target), timeout=target.timeout_s, headers=_headers(target))
        self._end: socket.socket | None = None

    def post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        """The answer, without what else it says: a connection is used again when that was read, up to some length.

        Raises:
            httpx.HTTPError: if none comes.
        """
        is_late = threading.Event()
        watch = threading.Timer(self._target.timeout_s, self._cut, [is_late])
        watch.start()
        try:
            with self._begun(body, headers) as answer:
                watch.cancel()
                self._read(answer)
                return answer
        except httpx.TransportError as error:
            if is_late.is_set():
                raise httpx.ReadTimeout("cut") from error
            raise
        finally:
            watch.cancel()
            watch.join()

    def close(self) -> None:
        self._client.close()
        if self._end is not None:
            self._end.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begun(self, body: bytes, headers: dict[str, str]) -> AbstractContextManager[httpx.Response]:
        url, about = self._target.url.get_secret_value(), {"trace": self._note}
        return self._client.stream("POST", url, content=body, headers=headers, extensions=about)

    def _read(self, answer: httpx.Response) -> None:
        ends_s, read = time.monotonic() + self._target.timeout_s, 0
        for piece in answer.iter_raw():
            read += len(piece)
            if read > MOST_REPLY_BYTES or time.monotonic() > ends_s:
                break

    def _note(self, what: str, about: dict[str, Any]) -> None:
        """Keeps an end of each new connection, which TLS does not take over."""
        if what == "connection.connect_tcp.complete":
            before, self._end = self._end, about["return_value"].get_extra_info("socket").dup()
            if before is not None:
                before.close()

    def _cut(self, is_late: threading.Event) -> None:
        is_late.set()
        if self._end is not None:
            with suppress(OSError):
                self._end.shutdown(socket.SHUT_RDWR)


def _headers(target: WebhookTarget) -> dict[str, str]:
    headers = {"content-type": CONTENT_TYPE, "user-agent": "passerby"}
    if target.token:
        headers["authorization"] = f"Bearer {target.token.get_secret_value()}"
    return headers


def _signature(target: WebhookTarget, event: Event, body: bytes) -> dict[str, str]:
    """By Standard Webhooks: an HMAC with SHA-256 over id, time and body, so that nobody can make or replay one."""
    if target.signing_key is None:
        return {}
    name, now = str(event.event_id), str(int(time.time()))
    digest = hmac.new(target.signing_key, f"{name}.{now}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": name,
        "webhook-timestamp": now,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _status(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.reason_phrase}".strip()


def _reason(error: httpx.HTTPError) -> str:
    return "no answer in time" if isinstance(error, httpx.TimeoutException) else str(error)


def _refusal(target: WebhookTarget, answer: httpx.Response) -> EventsRefusedError | None:
    """What a server will always refuse, and what to do; None where trying again may help."""
    at, found = f"the webhook at {target}", _status(answer)
    if answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        return EventTooLargeError(f"an event for {at} is refused: {found}; raise the size that it takes")
    if answer.is_redirect:
        return EventsRefusedError(f"{at} leads on to another address: {found}; name that one")
    if answer.is_client_error and answer.status_code not in _PASSING:
        advice = _ADVICE.get(answer.status_code, "its own log may say why")
        return EventsRefusedError(f"an event for {at} is refused: {found}; {advice}")
    return None


def _distrust(target: WebhookTarget, error: BaseException | None) -> EventsRefusedError | None:
    """That a server has a certificate which is not trusted; None if that is not it."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return EventsRefusedError(
                f"the certificate of the webhook at {target} is not trusted ({error.verify_message}); "
                "`events: {webhook: {ca_file: ...}}` names who signed it"
            )
        error = error.__cause__ or error.__context__
    return None


def _outage(target: WebhookTarget, found: str) -> EventsError:
    return EventsError(
        f"expected the webhook at {target} to take an event within {target.deliver_within_s:g} s, "
        f"found {found or 'a connection that broke off'}; is it up? what waits must be sent again"
    )


def _asked_wait_s(answer: httpx.Response) -> float:
    """How long the server wants us to wait: seconds, or until a time of day."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


def _trusted(target: WebhookTarget) -> ssl.SSLContext:
    """Whose certificates are believed.

    Raises:
        EventsRefusedError: if the file cannot be read.
    """
    try:
        return ssl.create_default_context(cafile=target.ca_file)
    except OSError as error:
        raise EventsRefusedError(
            f"expected certificates in PEM in {target.ca_file}, found {error.strerror or error}"
        ) from error


def _keep_address_out_of_log() -> None:
    """httpx logs the whole address of each request at INFO, and its path may be a secret; httpcore at DEBUG."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
