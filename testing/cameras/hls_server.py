"""A camera over HLS: a playlist that slides over segments as time passes, of a server that can hesitate."""

import functools
import http.server
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np

FPS = 10
SEGMENT_S = 1
LISTED = 4
"""Segments in the playlist at a time."""


class HlsCamera:
    """Publishes a segment a second. Its clock begins with the first request.

    Attributes:
        asked: the numbers of the segments that were asked for, in order.
        url: of the playlist.
    """

    def __init__(self, folder: Path, *, seconds: int) -> None:
        """Cuts the segments.

        Args:
            folder: for the segments.
            seconds: how much there is; then nothing new comes.
        """
        self.asked: list[int] = []
        self.url = ""
        self._folder = folder
        self._names = cut_segments(folder, seconds)
        self._began_s: float | None = None
        self._hesitates_from_s = float("inf")
        self._hesitates_for_s = 0.0

    def hesitate(self, after_s: float, for_s: float) -> None:
        """Nothing is answered for a while; what was asked meanwhile is answered behind it.

        Args:
            after_s: when it begins, seconds after the first request.
            for_s: how long.
        """
        self._hesitates_from_s, self._hesitates_for_s = after_s, for_s

    @property
    def age_s(self) -> float:
        """Seconds since the first request."""
        return 0.0 if self._began_s is None else time.monotonic() - self._began_s

    def answer(self, path: str) -> bytes | None:
        """The playlist or a segment as they are now; None for what is there no more."""
        if self._began_s is None:
            # Whoever comes first finds a full list.
            self._began_s = time.monotonic() - LISTED * SEGMENT_S
            self._hesitates_from_s += LISTED * SEGMENT_S
        late_s = self.age_s - self._hesitates_from_s
        if 0 <= late_s < self._hesitates_for_s:
            time.sleep(self._hesitates_for_s - late_s)
        if path.endswith(".m3u8"):
            return self._playlist().encode()
        number = int(re.findall(r"\d+", path)[-1])
        self.asked.append(number)
        return (self._folder / self._names[number]).read_bytes() if number in self._listed() else None

    def _listed(self) -> range:
        newest = min(int(self.age_s / SEGMENT_S), len(self._names))
        return range(max(0, newest - LISTED), newest)

    def _playlist(self) -> str:
        listed = self._listed()
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{SEGMENT_S}"]
        lines.append(f"#EXT-X-MEDIA-SEQUENCE:{listed.start}")
        for number in listed:
            lines += [f"#EXTINF:{SEGMENT_S:.3f},", self._names[number]]
        return "\n".join(lines) + "\n"

    @contextmanager
    def serve(self) -> Iterator[None]:
        handler = functools.partial(_Handler, self)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.url = f"http://127.0.0.1:{server.server_port}/live.m3u8"
            yield
            server.shutdown()


class _Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, camera: HlsCamera, *rest: object) -> None:
        self._camera = camera
        super().__init__(*rest)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        content = self._camera.answer(self.path)
        self.send_response(200 if content is not None else 404)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_: object) -> None:
        pass


def cut_segments(folder: Path, seconds: int) -> list[str]:
    """Names of segments of a second each; frame n has the level n modulo 250."""
    options = {"hls_time": str(SEGMENT_S), "hls_list_size": "0", "hls_segment_filename": str(folder / "segment%04d.ts")}
    with av.open(str(folder / "all.m3u8"), "w", format="hls", options=options) as video:
        stream = video.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"g": str(FPS * SEGMENT_S), "sc_threshold": "0", "tune": "zerolatency", "preset": "ultrafast"}
        for number in range(seconds * FPS):
            image = np.full((48, 64, 3), number % 250, np.uint8)
            video.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        video.mux(stream.encode())
    return sorted(path.name for path in folder.glob("segment*.ts"))
