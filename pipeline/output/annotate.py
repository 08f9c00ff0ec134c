"""Videos in which people see what the pipeline saw: a box around each person, with a name and a colour of their own."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import chain
from pathlib import Path
from uuid import UUID

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from passerby_events.errors import PasserbyError
from pipeline.output.files import written_whole
from pipeline.output.mot_files import MotTracks
from pipeline.output.person_labels import UNIDENTIFIED, Colour, short_name
from pipeline.records import Frame, Image

LINE_SIDE = 320
"""A line is one pixel wide per so many pixels of the image's shorter side."""
TEXT_SIDE = 1100
"""Text has scale 1 in an image whose shorter side has so many pixels."""
SMALLEST_TEXT = 0.45
PAD_PX = 3
CRF = "23"
FPS_DENOMINATOR = 1001
"""29.97 is 30000/1001."""


class AnnotationError(PasserbyError):
    """A video cannot be written."""


def annotate_video(
    frames: Iterable[Frame],
    tracks: MotTracks,
    person_of: Mapping[int, UUID],
    path: Path,
    *,
    colours: Mapping[UUID, Colour],
    fps: float,
) -> int:
    """Draws the tracks of one camera into its frames, and writes them as H.264 in MP4, which browsers play.

    The images that come in are not changed. Frames of another size than the first are scaled to it.

    Args:
        frames: of the camera, in order; frame index 0 is frame 1 of the tracks.
        tracks: of that camera.
        person_of: who each track is; a track that is missing is drawn grey, with its number.
        path: of the video; its folder is made.
        colours: of everybody in `person_of`; of all persons of the run, so that all its videos agree.
        fps: frames a second at which it plays.

    Returns:
        How many frames were written.

    Raises:
        AnnotationError: if there is no frame, or the file cannot be written.
    """
    ordered = tracks.where(np.argsort(tracks.frames, kind="stable"))
    drawn = (draw_tracks(frame.image, _seen_in(ordered, frame), person_of, colours) for frame in frames)
    try:
        with written_whole(path) as partial:
            count = _encode(drawn, partial, fps)
            if not count:
                raise AnnotationError(f"expected frames to draw into {path}, found none")
    except (OSError, av.FFmpegError) as error:
        raise AnnotationError(f"expected to write a video to {path}: {error.strerror}; name another folder") from error
    return count


def draw_tracks(image: Image, seen: MotTracks, person_of: Mapping[int, UUID], colours: Mapping[UUID, Colour]) -> Image:
    """A copy of the image with a box and a name for each row; who is nearer to the camera is drawn on top."""
    drawn = np.ascontiguousarray(image).copy()
    for row in np.argsort(seen.boxes[:, 3], kind="stable"):
        track = int(seen.ids[row])
        person = person_of.get(track)
        colour = UNIDENTIFIED if person is None else colours[person]
        label = f"track {track}" if person is None else short_name(person)
        draw_person(drawn, seen.boxes[row], label, colour)
    return drawn


def _seen_in(ordered: MotTracks, frame: Frame) -> MotTracks:
    start, end = np.searchsorted(ordered.frames, (frame.index + 1, frame.index + 2))
    return ordered.where(np.arange(start, end))


def draw_person(image: Image, box: NDArray[np.float32], label: str, colour: Colour) -> None:
    """Draws into the image: the box, and above it the label on a patch of the same colour."""
    height, width = image.shape[:2]
    side = min(height, width)
    line_px = max(1, round(side / LINE_SIDE))
    left, top, right, bottom = np.round(box).astype(int).tolist()
    cv2.rectangle(image, (left, top), (right, bottom), colour, line_px)
    scale = max(SMALLEST_TEXT, side / TEXT_SIDE)
    pen_px = max(1, round(scale))
    (text_width, text_height), below = cv2.getTextSize(label, cv2.FONT_HERSHEY_SIMPLEX, scale, pen_px)
    patch_height = text_height + below + PAD_PX
    # A person at the upper edge, or cut by the left or right one, keeps a readable label inside the image.
    x = min(max(left, 0), max(0, width - text_width - 2 * PAD_PX))
    y = min(max(top, patch_height), height)
    cv2.rectangle(image, (x, y - patch_height), (x + text_width + 2 * PAD_PX, y), colour, cv2.FILLED)
    ink = (0, 0, 0) if colour.is_bright else (255, 255, 255)
    at = (x + PAD_PX, y - below)
    cv2.putText(image, label, at, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, pen_px, cv2.LINE_AA)


def _encode(images: Iterable[Image], path: Path, fps: float) -> int:
    """Writes the images; nothing is opened before the first has come."""
    images = iter(images)
    first = next(images, None)
    if first is None:
        return 0
    # Chroma has half the resolution, so that H.264 in yuv420p takes even sizes only.
    height, width = (max(2, side - side % 2) for side in first.shape[:2])
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        rate = Fraction(fps).limit_denominator(FPS_DENOMINATOR)
        stream = container.add_stream("libx264", rate=rate, options={"crf": CRF, "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        count = 0
        for image in chain((first,), images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            container.mux(stream.encode(frame.reformat(width, height, "yuv420p")))
            count += 1
        container.mux(stream.encode())
    return count
