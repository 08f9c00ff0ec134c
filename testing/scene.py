"""Small videos in which coloured blocks walk about, and a detector that finds them: people enough for the loops."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.detections import Detections

HEIGHT, WIDTH, RATE = 240, 320, 10
BLOCK = (44, 110)
"""Width and height of a block, pixels: about a person's."""
APPEARANCE = {
    "red": ((200, 30, 30), (60, 20, 20)),
    "green": ((30, 170, 40), (220, 220, 200)),
    "blue": ((40, 60, 210), (20, 30, 70)),
    "sand": ((190, 160, 110), (80, 40, 110)),
}
"""Colour of the upper and the lower half."""
ENDLESS_FRAMES = 2 * 60 * 60 * RATE
Walk = tuple[str, float, float]
"""Who, from when, and to when, seconds: one walk from the left edge to the right."""


def video(path: Path, walks: Sequence[Walk], seconds: float, *, seed: int = 0) -> Path:
    """Writes a video of the walks as H.264."""
    rng = np.random.default_rng(seed)
    floor = rng.integers(90, 130, (HEIGHT, WIDTH, 1), np.uint8).repeat(3, axis=2)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "18", "preset": "ultrafast"}
        for index in range(int(seconds * RATE)):
            frame = av.VideoFrame.from_ndarray(image(floor, walks, index / RATE), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def endless_video(path: Path) -> Path:
    """Writes a video of two hours of an empty floor, longer than any test lasts: a minute of it, over and over."""
    minute = path.with_name(f"minute-{path.name}")
    with av.open(str(video(minute, [], 60.0))) as source, av.open(str(path), "w") as endless:
        (footage,) = source.streams.video
        packets = [packet for packet in source.demux(footage) if packet.pts is not None and packet.dts is not None]
        span = sum(packet.duration or 0 for packet in packets)
        stream = endless.add_stream_from_template(footage)
        for round_ in range(ENDLESS_FRAMES // len(packets)):
            for each in packets:
                packet = av.Packet(bytes(each))
                packet.stream, packet.time_base, packet.is_keyframe = stream, each.time_base, each.is_keyframe
                packet.pts, packet.dts = _later(each.pts, round_ * span), _later(each.dts, round_ * span)
                packet.duration = each.duration
                endless.mux(packet)
    minute.unlink()
    return path


def _later(ticks: int | None, by: int) -> int:
    assert ticks is not None
    return ticks + by


def image(floor: NDArray[np.uint8], walks: Sequence[Walk], time_s: float) -> NDArray[np.uint8]:
    """One frame: the floor, and on it whoever walks at that time; each walker has a height of lane of its own."""
    image = floor.copy()
    for who, start_s, end_s in walks:
        if start_s <= time_s < end_s:
            x = int(6 + (WIDTH - BLOCK[0] - 12) * (time_s - start_s) / (end_s - start_s))
            _draw(image, who, x)
    return image


def _draw(image: NDArray[np.uint8], who: str, x: int) -> None:
    y = 20 + 25 * list(APPEARANCE).index(who)
    upper, lower = APPEARANCE[who]
    half = BLOCK[1] // 2
    image[y : y + half, x : x + BLOCK[0]] = upper
    image[y + half : y + BLOCK[1], x : x + BLOCK[0]] = lower
    image[y : y + BLOCK[1] : 12, x : x + BLOCK[0]] //= 2


class BlockDetector:
    """Finds the blocks by their colours; sure of each. A `Detector`."""

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        return [self._find(image) for image in images]

    def _find(self, image: NDArray[np.uint8]) -> Detections:
        boxes = []
        for upper, _ in APPEARANCE.values():
            mask = cv2.inRange(image, np.array(upper) - 30, np.array(upper) + 30)
            x, y, width, height = cv2.boundingRect(cv2.erode(mask, np.ones((5, 5), np.uint8)))
            if width > 0.6 * BLOCK[0]:
                boxes.append((x - 2, y - 2, x + width + 2, y + 2 * height + 2))
        return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), 0.9, np.float32))


def videos(folder: Path, site: Mapping[str, Sequence[Walk]], seconds: float) -> dict[str, Path]:
    """One video for each camera."""
    return {
        camera: video(folder / f"{camera}.mp4", walks, seconds, seed=i)
        for i, (camera, walks) in enumerate(site.items())
    }
