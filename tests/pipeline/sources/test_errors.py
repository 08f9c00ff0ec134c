import pytest

from pipeline.sources.errors import redact


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://cam.example/1", "rtsp://cam.example/1"),
        ("rtsp://me:secret@cam.example:554/1", "rtsp://cam.example:554/1"),
        ("rtsp://me@cam.example/1", "rtsp://cam.example/1"),
        ("rtsp://me:secret@[fe80::1]:554/1", "rtsp://[fe80::1]:554/1"),
        ("rtsp://me:p%40ss@cam.example/1", "rtsp://cam.example/1"),
        ("https://cam.example/live.m3u8?token=secret&channel=1", "https://cam.example/live.m3u8?token=***&channel=***"),
        ("https://cam.example/live.m3u8#secret", "https://cam.example/live.m3u8"),
        ("rtsp://cam.example/user=me&password=secret&channel=1", "rtsp://cam.example/user=***"),
        ("/dev/video0", "/dev/video0"),
        ("videos/door.mp4", "videos/door.mp4"),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert redact(url) == shown


@pytest.mark.parametrize("secret", ["se/cret", "se#cret", "se?cret", "12/secret", "12#secret", "secret@", "[secret"])
def test_a_password_that_was_not_escaped_is_not_shown_either(secret: str) -> None:
    shown = redact(f"rtsp://me:{secret}@cam.example/1")
    assert shown.startswith("rtsp://")
    assert "cret" not in shown
    assert "12" not in shown
