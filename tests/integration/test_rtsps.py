"""A real RTSP server behind TLS, with a certificate that it signed itself."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from pipeline.sources.source import FrameDropped, SourceChanged, SourceState, StreamParams
from pipeline.sources.streams import StreamSource
from testing.cameras.camera import RtspCamera
from testing.services.certificates import Certificate, certificate_in

pytestmark = pytest.mark.rtsp

FRAMES = 10


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return certificate_in(tmp_path)


@pytest.fixture
def url(start_camera: Callable[..., RtspCamera], certificate: Certificate) -> str:
    files = ("--certificate", str(certificate.file), "--key", str(certificate.key_file))
    return start_camera("--user", "viewer", "--password", "s3cret", *files).url("viewer:s3cret@")


def frames_of(url: str, params: StreamParams) -> int:
    """How many frames come, of those asked for, before it has to try again."""

    def close_at_the_end(what: SourceChanged | FrameDropped) -> None:
        if isinstance(what, SourceChanged) and what.state is SourceState.RETRYING:
            source.close()

    source = StreamSource("door", url, params, random=Random(0), observers=[close_at_the_end])
    with closing(source):
        return sum(1 for _ in zip(range(FRAMES), source, strict=False))


def test_an_rtsps_camera_that_nobody_vouches_for_is_refused(url: str, caplog: pytest.LogCaptureFixture) -> None:
    assert frames_of(url, StreamParams()) == 0
    assert "its certificate is not trusted (stream: ca_file)" in caplog.text
    assert "s3cret" not in caplog.text


def test_an_rtsps_camera_is_trusted_by_its_own_certificate_and_by_no_other(
    url: str, certificate: Certificate, tmp_path: Path
) -> None:
    assert frames_of(url, StreamParams(ca_file=certificate.file)) == FRAMES
    other = certificate_in(tmp_path, "other")
    assert frames_of(url, StreamParams(ca_file=other.file)) == 0


def test_an_rtsps_camera_is_believed_unseen_where_the_user_says_so(url: str) -> None:
    assert frames_of(url, StreamParams(verify_tls=False)) == FRAMES
