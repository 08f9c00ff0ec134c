"""Videos of simulated cameras: H.264 in MP4, with the wall-clock time of the first image."""

from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Self

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

KEY_FRAME_S = 2.0
FPS_DENOMINATOR = 1001
"""29.97 is 30000/1001."""


def _has_avx512() -> bool:
    """Whether x264 would use AVX-512: its look-ahead then gives other bytes from one time to the next on some
    processors. All its other ways give the same.
    """
    try:
        return "avx512f" in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False


class VideoWriter:
    """Writes one video; the same images give the same bytes, however many processors there are.

    Args:
        path: of the file; its folder is made.
        size: width and height in pixels, even.
        fps: images a second.
        crf: of the encoder; larger is coarser.
        starts_at: when the first image was taken, by the camera's clock; MP4 keeps the whole seconds of it.
    """

    def __init__(self, path: Path, size: tuple[int, int], *, fps: float, crf: int, starts_at: datetime) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "faststart"})
        self._container.metadata["creation_time"] = starts_at.isoformat()
        self._stream: VideoStream = self._container.add_stream(
            "libx264",
            rate=Fraction(fps).limit_denominator(FPS_DENOMINATOR),
            options={
                "crf": str(crf),
                "preset": "veryfast",
                "g": str(max(1, round(fps * KEY_FRAME_S))),
                **({"x264-params": "asm=avx2"} if _has_avx512() else {}),
            },
        )
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        # Slices and rate control of x264 hang on the number of its threads.
        self._stream.codec_context.thread_count = 1

    def add(self, image: NDArray[np.uint8]) -> None:
        """The next image: (H, W, 3) uint8 RGB."""
        self._container.mux(self._stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))

    def close(self) -> None:
        self._container.mux(self._stream.encode())
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
