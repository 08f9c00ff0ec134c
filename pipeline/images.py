"""What cameras show to whoever looks: a frame that was asked for, and the best crop of each track. Both are JPEG.

A site that keeps no images makes none of these.
"""

import json
from dataclasses import asdict, dataclass
from typing import Protocol

from passerby_events.tracks import TrackKey


@dataclass(frozen=True, slots=True)
class Box:
    """A track in a frame: its number, and x1 y1 x2 y2 as shares of the frame's width and height."""

    track: int
    place: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class CameraImage:
    """A frame of a camera, made smaller.

    Attributes:
        camera, session: whose it is, and of which start of the camera.
        number: of the frame in its stream; tells one image from the next.
        time_s: of the frame, seconds since the epoch.
        width, height: of the JPEG, pixels.
        boxes: the tracks in it.
        jpeg: the image, without the boxes.
    """

    camera: str
    session: str
    number: int
    time_s: float
    width: int
    height: int
    boxes: tuple[Box, ...]
    jpeg: bytes

    @property
    def name(self) -> str:
        """Another one for each image of a camera."""
        return f"{self.session}-{self.number}"

    def head(self) -> str:
        """All of it but the JPEG, as JSON."""
        return json.dumps({key: value for key, value in asdict(self).items() if key != "jpeg"})

    @classmethod
    def of(cls, head: bytes | str, jpeg: bytes) -> "CameraImage":
        """The image of a head and a JPEG; ValueError, KeyError or TypeError if the head is none."""
        fields = json.loads(head)
        boxes = tuple(Box(int(box["track"]), tuple(map(float, box["place"]))) for box in fields.pop("boxes"))  # type: ignore[arg-type]
        return cls(**fields, boxes=boxes, jpeg=jpeg)


@dataclass(frozen=True, slots=True)
class TrackImage:
    """What is kept of a track.

    Attributes:
        track: whose it is.
        jpeg: the best crop so far.
        moments: crops of the tracklet that it is from, side by side in order of time.
    """

    track: TrackKey
    jpeg: bytes
    moments: bytes


class ImageDesk(Protocol):
    """Where cameras lay their images. Called from one thread, that of the feed; an error of it is the feed's."""

    def wanted(self) -> frozenset[str]:
        """The cameras at which somebody is looking now."""
        ...

    def show(self, image: CameraImage) -> None:
        """Lays out the newest frame of a camera."""
        ...

    def keep(self, image: TrackImage) -> None:
        """Keeps the best images of a track, in the place of earlier ones."""
        ...
