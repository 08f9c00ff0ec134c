"""Frames with boxes and names in them: as lines for pages, and drawn for whoever has no page."""

import cv2
import numpy as np

from passerby_events.tracks import TrackKey
from pipeline.images import CameraImage
from pipeline.output.annotate import draw_person
from pipeline.output.person_labels import UNIDENTIFIED, Colour, short_name
from pipeline.records import Image
from pipeline.view.book import Book
from pipeline.view.feed import FRAME_QUALITY, encode_jpeg


def box_line(shown: CameraImage, book: Book) -> dict[str, object]:
    """A frame as pages have it: its boxes, and who they are."""
    return {
        "camera": shown.camera,
        "name": shown.name,
        "time": shown.time_s,
        "width": shown.width,
        "height": shown.height,
        "boxes": [_box(shown, box.track, box.place, book) for box in shown.boxes],
    }


def _box(shown: CameraImage, track: int, place: tuple[float, ...], book: Book) -> dict[str, object]:
    person = book.person_of(TrackKey(shown.camera, shown.session, track))
    if person is None:
        return {"place": place, "track": track, "person": None}
    who = {"id": str(person), "name": short_name(person), "colour": book.colour(person)}
    return {"place": place, "track": track, "person": who}


def jpeg_with_boxes(shown: CameraImage, book: Book) -> bytes:
    """The JPEG of a frame with boxes and names in it."""
    return encode_jpeg(drawn(shown, book), FRAME_QUALITY)


def drawn(shown: CameraImage, book: Book) -> Image:
    """A frame with boxes and names in it.

    Raises:
        ValueError: if its JPEG is none.
    """
    decoded = cv2.imdecode(np.frombuffer(shown.jpeg, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise ValueError(f"{shown.camera}: expected a JPEG, found {len(shown.jpeg)} bytes of another thing")
    image = np.ascontiguousarray(decoded[..., ::-1]).astype(np.uint8, copy=False)
    sides = np.array([shown.width, shown.height, shown.width, shown.height], np.float32)
    for box in shown.boxes:
        person = book.person_of(TrackKey(shown.camera, shown.session, box.track))
        colour = UNIDENTIFIED if person is None else _rgb(book.colour(person))
        label = "..." if person is None else short_name(person)
        draw_person(image, np.array(box.place, np.float32) * sides, label, colour)
    return image


def _rgb(css: str) -> Colour:
    return Colour(int(css[1:3], 16), int(css[3:5], 16), int(css[5:7], 16))
