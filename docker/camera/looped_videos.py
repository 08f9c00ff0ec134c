"""An RTSP server that plays videos over and over, in the place of cameras; each video is one camera.

    CAMERA_USER=... CAMERA_PASSWORD=... python3 looped_videos.py campus=/videos/vtest.avi gate=/videos/vtest.avi@20

`@20` begins there at the video's 20th second, so that one video does for two cameras whose people come by at different
times. Runs under the system's Python, where GStreamer's bindings live, and imports nothing of ours. Prints
`listening PORT` when it is ready.
"""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 (versions come first)

ROLE = "viewer"
KEY_FRAME_EVERY_S = 2


@dataclass(frozen=True, slots=True)
class LoopedCamera:
    """One video as one camera: its path at the server, the file, and where in it the first round begins."""

    name: str
    video: Path
    begins_s: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """From NAME=FILE or NAME=FILE@SECONDS; ValueError, which argparse reports, if it is neither."""
        name, _, rest = text.partition("=")
        video, _, begins_s = rest.partition("@")
        if not name or not video:
            raise ValueError
        return cls(name, Path(video), float(begins_s or 0))


class Video:
    """Decodes a video at its own rate into the channel that its camera reads from, over and over."""

    def __init__(self, camera: LoopedCamera, size: tuple[int, int]) -> None:
        self._camera = camera
        self._pipeline = Gst.parse_launch(
            "filesrc name=file ! decodebin ! videoconvert ! videoscale"
            f" ! video/x-raw,format=I420,width={size[0]},height={size[1]}"
            f" ! intervideosink channel={camera.name} sync=true"
        )
        self._pipeline.get_by_name("file").set_property("location", str(camera.video))
        self._bus = self._pipeline.get_bus()

    def start(self) -> None:
        """Begins to play; SystemExit with one line if the video cannot be."""
        self._pipeline.set_state(Gst.State.PAUSED)
        found = self._bus.timed_pop_filtered(10 * Gst.SECOND, Gst.MessageType.ASYNC_DONE | Gst.MessageType.ERROR)
        if found is None or found.type is Gst.MessageType.ERROR:
            reason = found.parse_error()[0].message if found else "it took longer than 10 s"
            sys.exit(f"{self._camera.name}: expected a video to play, found {self._camera.video}: {reason}")
        self._seek(self._camera.begins_s)
        self._pipeline.set_state(Gst.State.PLAYING)
        self._bus.add_signal_watch()
        self._bus.connect("message::eos", lambda *_: self._seek(0.0))
        self._bus.connect("message::error", lambda _, message: sys.exit(message.parse_error()[0].message))

    def _seek(self, time_s: float) -> None:
        flags = Gst.SeekFlags.FLUSH | Gst.SeekFlags.KEY_UNIT
        self._pipeline.seek_simple(Gst.Format.TIME, flags, int(time_s * Gst.SECOND))


def main() -> None:
    options = read_options()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address(options.host)
    server.set_service(str(options.port))
    server.set_auth(password(os.environ))
    for camera in options.cameras:
        Video(camera, (options.width, options.height)).start()
        server.get_mount_points().add_factory(f"/{camera.name}", stream(camera, options.fps))
    if not server.attach(None):
        sys.exit(f"expected to listen on {options.host}:{options.port}; the port is taken")
    sys.stdout.write(f"listening {server.get_bound_port()}\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cameras", nargs="+", type=LoopedCamera.parse, metavar="NAME=FILE[@SECONDS]")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8554)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--height", type=int, default=576)
    parser.add_argument("--fps", type=int, default=10)
    return parser.parse_args()


def stream(camera: LoopedCamera, fps: int) -> Any:
    """One image for all clients; the encoder repeats its parameters with each key frame, as cameras do."""
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f"( intervideosrc channel={camera.name} ! video/x-raw,framerate={fps}/1 ! videoconvert"
        " ! x264enc tune=zerolatency sliced-threads=false speed-preset=ultrafast bitrate=3000"
        f" key-int-max={KEY_FRAME_EVERY_S * fps} ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
    )
    factory.set_shared(True)
    permissions = GstRtspServer.RTSPPermissions()
    for permission in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role(ROLE, permission, True)
    factory.set_permissions(permissions)
    return factory


def password(environment: "os._Environ[str]") -> Any:
    """Who may look: the user and password of the environment, and nobody else."""
    try:
        user, secret = environment["CAMERA_USER"], environment["CAMERA_PASSWORD"]
    except KeyError as missing:
        sys.exit(f"expected CAMERA_USER and CAMERA_PASSWORD in the environment, found no {missing.args[0]}")
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, secret), token)
    return auth


if __name__ == "__main__":
    main()
