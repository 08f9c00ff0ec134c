"""A camera to test against: GStreamer's RTSP server with a test image, or with images over and over, as a process
that can be killed or frozen.

Runs under the system's Python, where GStreamer's bindings live, and imports nothing of ours. Prints `listening PORT`
when it is ready. A line `size WIDTH HEIGHT` on stdin changes the resolution of the running stream.
"""

import argparse
import sys
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtspServer  # noqa: E402 (versions come first)


def main() -> None:
    options = read_options()
    Gst.init(None)
    factory = camera(options)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(options.port))
    if options.user or options.certificate:
        server.set_auth(guard(factory, options))
    server.get_mount_points().add_factory("/camera", factory)
    if not server.attach(None):
        sys.exit(f"port {options.port} is taken")
    sys.stdout.write(f"listening {server.get_bound_port()}\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--height", type=int, default=240)
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--images", help="pattern of JPEG files, such as folder/%%05d.jpg; shown again and again")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--certificate", help="PEM file; the stream is RTSPS then")
    parser.add_argument("--key", help="PEM file of the certificate's key")
    return parser.parse_args()


def camera(options: argparse.Namespace) -> Any:
    """One image for all clients; the encoder repeats its parameters with each key frame, as cameras do."""
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f"( {image(options)}"
        f" ! x264enc tune=zerolatency sliced-threads=false speed-preset=ultrafast key-int-max={options.fps}"
        " ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
    )
    factory.set_shared(True)
    streams: list[Any] = []
    factory.connect("media-configure", lambda _, media: streams.append(media))
    GLib.io_add_watch(sys.stdin.fileno(), GLib.IO_IN, lambda *_: resize(streams[-1], options.fps))
    return factory


def image(options: argparse.Namespace) -> str:
    if options.images:
        caps = f"image/jpeg,framerate={options.fps}/1"
        return f"multifilesrc location={options.images} loop=true caps={caps} ! jpegdec ! videoconvert"
    size = f"width={options.width},height={options.height}"
    return (
        "videotestsrc is-live=true pattern=ball"
        f" ! capsfilter name=size caps=video/x-raw,{size},framerate={options.fps}/1"
    )


def resize(stream: Any, fps: int) -> bool:
    """Takes one line from stdin; returns whether to listen on."""
    words = sys.stdin.readline().split()
    if not words:
        return False
    caps = Gst.Caps.from_string(f"video/x-raw,width={words[1]},height={words[2]},framerate={fps}/1")
    stream.get_element().get_by_name("size").set_property("caps", caps)
    return True


def guard(factory: Any, options: argparse.Namespace) -> Any:
    """Who may see the image: whoever knows the password if there is one, over TLS if there is a certificate."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if options.user:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(options.user, options.password), token)
    else:
        auth.set_default_token(token)
    if options.certificate:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(options.certificate, options.key))
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)
    return auth


if __name__ == "__main__":
    main()
