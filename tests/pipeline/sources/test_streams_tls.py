"""Whose certificate is trusted."""

import functools
import http.server
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random

import cv2
import numpy as np
import pytest

from pipeline.sources.source import FrameDropped, SourceChanged, SourceState, StreamParams
from pipeline.sources.streams import StreamSource


class Image(http.server.BaseHTTPRequestHandler):
    """One image as MJPEG; remembers who came with a password."""

    def __init__(self, logins: list[str | None], *rest: object) -> None:
        self._logins = logins
        super().__init__(*rest)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self._logins.append(self.headers["Authorization"])
        image = cv2.imencode(".jpg", np.full((48, 64, 3), 99, np.uint8))[1].tobytes()
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=next")
        self.end_headers()
        for _ in range(3):
            head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(image)}\r\n\r\n"
            self.wfile.write(head.encode() + image + b"\r\n")

    def log_message(self, *_: object) -> None:
        pass


Camera = tuple[str, Path, list[str | None]]


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Camera]:
    """An HTTPS camera that signed its own certificate: its address, the certificate, and the logins that it heard."""
    certificate, key = tmp_path / "camera.pem", tmp_path / "key.pem"
    names = ("-subj", "/CN=camera", "-addext", "subjectAltName=IP:127.0.0.1")
    make = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *names)
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    logins: list[str | None] = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Image, logins)) as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://me:s3cret@127.0.0.1:{server.server_port}/mjpeg", certificate, logins
        server.shutdown()


def frames_of(url: str, params: StreamParams) -> int:
    """How many frames come before it connects again."""

    def close_at_the_end(what: SourceChanged | FrameDropped) -> None:
        if isinstance(what, SourceChanged) and what.state is SourceState.RETRYING:
            source.close()

    source = StreamSource("door", url, params, random=Random(0), observers=[close_at_the_end])
    return sum(1 for _ in source)


def test_a_camera_that_nobody_vouches_for_hears_nothing(camera: Camera, caplog: pytest.LogCaptureFixture) -> None:
    url, _, logins = camera
    assert frames_of(url, StreamParams()) == 0
    assert logins == []
    assert "its certificate is not trusted (stream: ca_file)" in caplog.text


def test_a_camera_is_trusted_by_its_certificate_or_by_a_switch(camera: Camera) -> None:
    url, certificate, logins = camera
    assert frames_of(url, StreamParams(ca_file=certificate)) > 0
    assert frames_of(url, StreamParams(verify_tls=False)) > 0
    assert logins
