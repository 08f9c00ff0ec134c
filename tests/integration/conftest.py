"""Cameras, for whatever reads from them."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from testing.cameras.camera import RtspCamera


@pytest.fixture
def start_camera() -> Iterator[Callable[..., RtspCamera]]:
    started: list[RtspCamera] = []

    def start(*options: str) -> RtspCamera:
        try:
            started.append(RtspCamera(*options))
        except (OSError, RuntimeError) as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"GStreamer's RTSP server cannot be started ({error}): run `make setup`")
        return started[-1]

    yield start
    for camera in started:
        with suppress(ProcessLookupError):
            camera.thaw()
        camera.kill()
