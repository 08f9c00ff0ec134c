"""Events to a real HTTP server that is well, away, slow to let one in, or wants none of it."""

import base64
import hashlib
import hmac
import itertools
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr

from passerby_events.errors import EventsError, EventsRefusedError, EventTooLargeError
from pipeline.events.targets import WebhookTarget
from pipeline.events.webhook import WebhookSink
from testing.events import a_match
from testing.services.needed import need_certificate
from testing.services.ports import free_port
from testing.services.webhook import Answer, Post, WebhookServer
from testing.waiting import until

TOKEN, KEY = "tops3cret", b"k" * 32
LATER = 5.0
"""Longer than a sink of these tests tries."""


def target(url: str, *, within_s: float = 30.0, ca_file: Path | None = None) -> WebhookTarget:
    return WebhookTarget(SecretStr(url), SecretStr(TOKEN), KEY, ca_file, timeout_s=2.0, deliver_within_s=within_s)


def answers(*statuses: int) -> Callable[[Post], Answer]:
    """These, one a request, and the last one ever after."""
    coming = itertools.chain(statuses, itertools.repeat(statuses[-1]))
    return lambda _: Answer(next(coming))


def ids(posts: Sequence[Post]) -> list[int]:
    return [UUID(post.headers["ce-id"]).int for post in posts]


def numbered(number: int) -> UUID:
    return UUID(int=number)


def publish(sink: WebhookSink, *numbers: int) -> None:
    for number in numbers:
        sink.publish(a_match().model_copy(update={"event_id": numbered(number)}))


def test_an_event_says_what_it_is_in_its_headers_and_is_signed() -> None:
    with WebhookServer() as server:
        with WebhookSink(target(server.url)) as sink:
            sink.publish(a_match())
        (post,) = server.posts
    assert post.path == "/hooks/s3cret"
    assert json.loads(post.body) == json.loads(a_match().model_dump_json())
    assert post.headers["ce-id"] == post.headers["webhook-id"] == str(a_match().event_id)
    assert post.headers["ce-type"] == "io.passerby.person.matched.v1"
    assert post.headers["content-type"] == "application/json"
    assert post.headers["authorization"] == f"Bearer {TOKEN}"
    assert abs(int(post.headers["webhook-timestamp"]) - time.time()) < 60
    signed = f"{post.headers['webhook-id']}.{post.headers['webhook-timestamp']}.".encode() + post.body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert post.headers["webhook-signature"] == f"v1,{expected}"


def test_what_a_server_could_not_take_just_now_is_sent_again_before_anything_later() -> None:
    with WebhookServer(answers(503, 500, 204, 502, 204)) as server:
        with WebhookSink(target(server.url)) as sink:
            publish(sink, 1, 2)
        assert ids(server.posts) == [1, 1, 1, 2, 2]


def test_a_server_that_hangs_up_gets_the_event_again() -> None:
    coming = iter([Answer(hangs_up=True), Answer(), Answer()])
    with WebhookServer(lambda _: next(coming)) as server:
        with WebhookSink(target(server.url)) as sink:
            publish(sink, 1, 2)
        assert ids(server.posts) == [1, 1, 2]


@pytest.mark.parametrize("says", [lambda: "2", lambda: formatdate(time.time() + 3.0, usegmt=True)])
def test_a_server_is_left_alone_for_as_long_as_it_asks(says: Callable[[], str]) -> None:
    came_s: list[float] = []

    def answer(_: Post) -> Answer:
        came_s.append(time.monotonic())
        return Answer(429, retry_after=says()) if len(came_s) == 1 else Answer()

    with WebhookServer(answer) as server, WebhookSink(target(server.url)) as sink:
        publish(sink, 1)
        sink.flush()
    assert came_s[1] - came_s[0] >= 1.9


def test_a_server_that_asks_for_more_patience_than_there_is_is_not_asked_again() -> None:
    with WebhookServer(lambda _: Answer(503, retry_after="3600")) as server:
        sink = WebhookSink(target(server.url, within_s=0.5))
        publish(sink, 1)
        with pytest.raises(EventsError, match="503"):
            sink.flush()
        assert len(server.posts) == 1


@pytest.mark.parametrize("says", ["soon", "-1", "", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"])
def test_a_wait_that_is_none_is_passed_over(says: str) -> None:
    coming = iter([Answer(429, retry_after=says), Answer()])
    with WebhookServer(lambda _: next(coming)) as server, WebhookSink(target(server.url)) as sink:
        publish(sink, 1)
        sink.flush()
        assert len(server.posts) == 2


@pytest.mark.parametrize("drop", [b"HTTP/1.1 200 OK\r\nx: ", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_server_that_answers_byte_by_byte_is_given_up_and_leaves_no_thread(drop: bytes) -> None:
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as slow:
        threading.Thread(target=drip, args=(slow, drop), daemon=True).start()
        url = f"http://127.0.0.1:{slow.getsockname()[1]}/"
        sink = WebhookSink(replace(target(url, within_s=0.3), timeout_s=0.2))
        publish(sink, 1)
        with pytest.raises(EventsError, match="found no answer in time"):
            sink.flush()
    until(lambda: "webhook" not in {thread.name for thread in set(threading.enumerate()) - before})


def drip(server: socket.socket, drop: bytes) -> None:
    """Answers each request with something that never becomes an answer."""
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            connection.settimeout(0.02)
            with connection, suppress(BrokenPipeError, ConnectionResetError):
                while True:
                    with suppress(TimeoutError):
                        connection.recv(65_536)
                    connection.sendall(drop)
                    drop = b"x" if drop.endswith(b" ") else drop


def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        sink = WebhookSink(replace(target(url, within_s=0.3), timeout_s=0.2))
        publish(sink, 1)
        with pytest.raises(EventsError, match="found no answer in time"):
            sink.flush()


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (Answer(400), "is refused: 400 Bad Request; its own log may say why"),
        (Answer(401), "is refused: 401 Unauthorized; is the token right?"),
        (Answer(403), "is refused: 403 Forbidden; may this token, or this signature, do it?"),
        (Answer(404), "is refused: 404 Not Found; is the address right?"),
        (Answer(301, location="http://127.0.0.1:1/"), "leads on to another address: 301 Moved Permanently"),
    ],
)
def test_what_a_server_will_always_refuse_is_tried_once_and_named(answer: Answer, line: str) -> None:
    with WebhookServer(lambda _: answer) as server:
        sink = WebhookSink(target(server.url))
        publish(sink, 1)
        with pytest.raises(EventsRefusedError, match=line) as raised:
            sink.flush()
        with pytest.raises(EventsRefusedError):
            sink.close()
        assert len(server.posts) == 1
    assert not isinstance(raised.value, EventTooLargeError)
    assert "s3cret" not in str(raised.value)


def test_an_event_that_is_too_large_is_told_from_the_others() -> None:
    with WebhookServer(answers(413)) as server:
        sink = WebhookSink(target(server.url))
        publish(sink, 1)
        with pytest.raises(EventTooLargeError, match="413"):
            sink.flush()


def test_a_server_that_stays_away_is_given_up_and_nothing_goes_out_afterwards() -> None:
    with WebhookServer(answers(503)) as server:
        sink = WebhookSink(target(server.url, within_s=1.0))
        publish(sink, 1, 2)
        with pytest.raises(EventsError, match=r"within 1 s, found 503 Service Unavailable; is it up") as raised:
            sink.flush()
        assert not isinstance(raised.value, EventsRefusedError)
        server.answer = answers(204)
        with pytest.raises(EventsError):
            publish(sink, 3)
        assert set(ids(server.posts)) == {1}


def test_a_server_that_nobody_started_is_an_outage() -> None:
    sink = WebhookSink(target(f"http://127.0.0.1:{free_port()}/", within_s=0.5))
    publish(sink, 1)
    with pytest.raises(EventsError, match="Connection refused"):
        sink.flush()


def test_who_publishes_does_not_wait_for_a_server_that_is_slow() -> None:
    may_answer = threading.Event()

    def slow(_: Post) -> Answer:
        may_answer.wait(LATER)
        return Answer()

    with WebhookServer(slow) as server:
        with WebhookSink(target(server.url)) as sink:
            publish(sink, *range(20))
            posted = len(server.posts)
            may_answer.set()
        assert ids(server.posts) == list(range(20))
    assert posted <= 1


def test_a_certificate_is_checked_and_one_of_our_own_can_be_named(tmp_path: Path) -> None:
    certificate = need_certificate(tmp_path)
    with WebhookServer(certificate=certificate) as server:
        sink = WebhookSink(target(server.url, within_s=LATER))
        publish(sink, 1)
        with pytest.raises(EventsRefusedError, match=r"is not trusted .*ca_file"):
            sink.flush()
        with WebhookSink(target(server.url, ca_file=certificate.file)) as sink:
            publish(sink, 1)
        assert ids(server.posts) == [1]


def test_nothing_secret_is_logged_even_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    with WebhookServer(answers(503, 204)) as server:
        with caplog.at_level(logging.DEBUG), WebhookSink(target(server.url)) as sink:
            publish(sink, 1)
            sink.flush()
        assert len(server.posts) == 2
    assert not any("s3cret" in record.getMessage() for record in caplog.records)
