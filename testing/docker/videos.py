"""A video for the camera in the place of cameras: of a kind that GStreamer decodes without FFmpeg's plugins."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 10
WIDTH, HEIGHT = 768, 576
FRAMES = 150


def write_video(images: Iterable[NDArray[np.uint8]], path: Path) -> None:
    """Images (576, 768, 3) in RGB as Motion JPEG."""
    with av.open(str(path), "w") as video:
        stream = video.add_stream("mjpeg", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
        for image in images:
            video.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        video.mux(stream.encode(None))


def beginning(source: Path) -> Iterator[NDArray[np.uint8]]:
    """The first frames of a recording."""
    with av.open(str(source)) as video:
        for frame in islice(video.decode(video=0), FRAMES):
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def sliding_square() -> Iterator[NDArray[np.uint8]]:
    """An image in which something moves, where there is no footage."""
    for number in range(FRAMES):
        image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        image[200:400, 4 * number : 4 * number + 80] = (200, 30, 30)
        yield image
