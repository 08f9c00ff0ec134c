"""A real HTTP server that takes events, as an integrator's would, and can be told to misbehave."""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from testing.services.certificates import Certificate


@dataclass(frozen=True, slots=True)
class Post:
    """A request: its path, its headers by name in small letters, its body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says to a request; `hangs_up`: nothing, and it ends the connection."""

    status: int = 204
    retry_after: str | None = None
    location: str | None = None
    hangs_up: bool = False


class WebhookServer:
    """Serves in threads of its own while it is entered, on this machine only.

    Args:
        answer: to each request; it is called in order.
        certificate: it talks TLS only, as whom this says.

    Attributes:
        port: where it listens.
        posts: that came so far, in order.
    """

    def __init__(
        self, answer: Callable[[Post], Answer] = lambda _: Answer(), *, certificate: Certificate | None = None
    ) -> None:
        self.posts: list[Post] = []
        self.answer = answer
        self._scheme = "https" if certificate else "http"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self.port = int(self._server.server_address[1])
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.file, certificate.key_file)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/hooks/s3cret"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler_of(server: WebhookServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            post = Post(self.path, headers, self.rfile.read(int(headers.get("content-length", "0"))))
            server.posts.append(post)
            answer = server.answer(post)
            if answer.hangs_up:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in (("retry-after", answer.retry_after), ("location", answer.location)):
                if value is not None:
                    self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Tests say what went wrong themselves."""

    return Handler
