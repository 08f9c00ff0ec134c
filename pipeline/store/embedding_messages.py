"""What workers write into the stream of embeddings: a head in JSON, and the vectors as plain float32.

A message is checked whole before anything is made of it, because anybody who reaches Redis can write one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from passerby_events.errors import PasserbyError
from passerby_events.times import LAST_TIME_S
from passerby_events.tracks import Clock, TrackKey
from pipeline.records import EmbeddedWindow, Embedding, TrackEnd

MAX_EMBEDDINGS = 64
"""In one message: 128 KiB of vectors of 512 dimensions."""
MAX_BYTES = 4 << 20
"""Of one message; larger ones are not ours."""
UNIT_TOLERANCE = 1e-3
MAX_PIXELS = 1_000_000
"""No image is so large, and float32 still holds the coordinate."""
WHERE_LENGTH = 100
"""Characters of the place of a fault that are said: its words are the writer's."""

WorkerProgress = Literal["open", "partial", "whole", "closed"]
"""Of a worker: `open`, it has started; `partial`, more of this window follows; `whole`, nothing cut before the end of
this window will follow; `closed`, nothing will follow at all."""
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.+-]+$", max_length=1000)]
Seconds = Annotated[float, Field(ge=0, le=LAST_TIME_S, allow_inf_nan=False)]
"""What an event can say; anything else would stop the matcher that has to say it."""
Pixels = Annotated[float, Field(ge=-MAX_PIXELS, le=MAX_PIXELS, allow_inf_nan=False)]
Number = Annotated[int, Field(ge=0, lt=2**53)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class EmbeddingMessageError(PasserbyError):
    """A message that cannot be used; says why."""


@dataclass(frozen=True, slots=True)
class RefusedVector:
    """A vector that is no direction: of NaN, infinite, or not of length 1.

    Attributes:
        track, tracklet_index: whose it is.
        length: of it.
    """

    track: TrackKey
    tracklet_index: int
    length: float


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddingMessage:
    """One message of one worker.

    Attributes:
        worker: its name.
        cameras: those it speaks for.
        progress: see there.
        end_s: end of the window that this is about, seconds since the epoch; 0 for `open` and `closed`.
        embeddings, ended: what belongs to that window.
        refused: what could not be used of a message that was read; it is not among `embeddings`.
    """

    worker: str
    cameras: tuple[str, ...]
    progress: WorkerProgress
    end_s: float = 0.0
    embeddings: tuple[Embedding, ...] = ()
    ended: tuple[TrackEnd, ...] = ()
    refused: tuple[RefusedVector, ...] = ()


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Stretch(_Record):
    camera: Name
    session: Name
    track: Number
    cut_s: Seconds
    start_s: Seconds
    end_s: Seconds
    clock: Clock

    @property
    def key(self) -> TrackKey:
        return TrackKey(self.camera, self.session, self.track)


class _EmbeddingHead(_Stretch):
    tracklet_index: Number
    quality: Share
    box: tuple[Pixels, Pixels, Pixels, Pixels]


class _Head(_Record):
    version: Literal[1] = 1
    worker: Name
    cameras: tuple[Name, ...]
    progress: WorkerProgress
    end_s: Seconds
    model_id: str
    embeddings: tuple[_EmbeddingHead, ...] = Field(max_length=MAX_EMBEDDINGS)
    ended: tuple[_Stretch, ...]


def messages_of(window: EmbeddedWindow, worker: str, cameras: tuple[str, ...]) -> Iterator[EmbeddingMessage]:
    """A window as messages: the last one completes it."""
    count = len(window.embeddings)
    for start in range(0, max(count, 1), MAX_EMBEDDINGS):
        is_last = start + MAX_EMBEDDINGS >= count
        yield EmbeddingMessage(
            worker=worker,
            cameras=cameras,
            progress="whole" if is_last else "partial",
            end_s=window.end_s,
            embeddings=window.embeddings[start : start + MAX_EMBEDDINGS],
            ended=window.ended if is_last else (),
        )


def pack_message(message: EmbeddingMessage, model_id: str) -> tuple[bytes, bytes]:
    """Head and vectors as they are written."""
    head = _Head(
        worker=message.worker,
        cameras=message.cameras,
        progress=message.progress,
        end_s=message.end_s,
        model_id=model_id,
        embeddings=tuple(_embedding_head(embedding) for embedding in message.embeddings),
        ended=tuple(_stretch(end) for end in message.ended),
    )
    vectors = [embedding.vector for embedding in message.embeddings]
    return head.model_dump_json().encode(), b"".join(vector.astype("<f4").tobytes() for vector in vectors)


@dataclass(frozen=True, slots=True)
class Expected:
    """What messages a matcher can use.

    Attributes:
        cameras: of its site.
        model_id: of the network behind the vectors.
        dimensions: of a vector.
        is_live: the cameras are live, and so the clocks of workers must agree; recordings have a time of their own.
    """

    cameras: frozenset[str]
    model_id: str
    dimensions: int
    is_live: bool = False


def unpack_message(fields: Mapping[bytes, bytes], expected: Expected) -> EmbeddingMessage:
    """A message from the fields of an entry, without the vectors that are none.

    Raises:
        EmbeddingMessageError: if it is none, or not of this model.
    """
    size = sum(map(len, fields.values()))
    if size > MAX_BYTES:
        raise EmbeddingMessageError(f"expected at most {MAX_BYTES} bytes, found {size}")
    try:
        head = _Head.model_validate_json(fields.get(b"head", b""))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))[:WHERE_LENGTH] or "head"
        raise EmbeddingMessageError(f"expected a message of version 1, found {where}: {first['msg']}") from error
    if fields.get(b"worker") != head.worker.encode():
        raise EmbeddingMessageError(f"expected a field `worker` that names {head.worker}, found another or none")
    if head.model_id != expected.model_id:
        raise EmbeddingMessageError(f"expected vectors of {expected.model_id}, found those of {head.model_id[:100]}")
    _check_cameras(head, expected.cameras)
    vectors = _vectors(fields.get(b"vectors", b""), len(head.embeddings), expected.dimensions)
    lengths = _lengths(vectors)
    is_good = np.abs(lengths - 1) < UNIT_TOLERANCE
    items = list(zip(head.embeddings, vectors, lengths, is_good, strict=True))
    return EmbeddingMessage(
        worker=head.worker,
        cameras=head.cameras,
        progress=head.progress,
        end_s=head.end_s,
        embeddings=tuple(_embedding(item, vector, head.model_id) for item, vector, _, good in items if good),
        ended=tuple(_track_end(stretch) for stretch in head.ended),
        refused=tuple(
            RefusedVector(item.key, item.tracklet_index, float(length)) for item, _, length, good in items if not good
        ),
    )


def _embedding_head(embedding: Embedding) -> _EmbeddingHead:
    left, top, right, bottom = embedding.box.tolist()
    return _EmbeddingHead(
        camera=embedding.track.camera,
        session=embedding.track.session,
        track=embedding.track.track,
        tracklet_index=embedding.tracklet_index,
        cut_s=embedding.cut_s,
        start_s=embedding.start_s,
        end_s=embedding.end_s,
        quality=embedding.quality,
        clock=embedding.clock,
        box=(left, top, right, bottom),
    )


def _stretch(end: TrackEnd) -> _Stretch:
    return _Stretch(
        camera=end.track.camera,
        session=end.track.session,
        track=end.track.track,
        cut_s=end.cut_s,
        start_s=end.start_s,
        end_s=end.end_s,
        clock=end.clock,
    )


def _embedding(item: _EmbeddingHead, vector: NDArray[np.float32], model_id: str) -> Embedding:
    return Embedding(
        track=item.key,
        tracklet_index=item.tracklet_index,
        cut_s=item.cut_s,
        clock=item.clock,
        start_s=item.start_s,
        end_s=item.end_s,
        quality=item.quality,
        box=np.array(item.box, np.float32),
        vector=vector,
        model_id=model_id,
    )


def _track_end(stretch: _Stretch) -> TrackEnd:
    return TrackEnd(stretch.key, stretch.cut_s, stretch.start_s, stretch.end_s, stretch.clock)


def _vectors(content: bytes, count: int, dimensions: int) -> NDArray[np.float32]:
    if len(content) != 4 * count * dimensions:
        raise EmbeddingMessageError(
            f"expected {count} vectors of {dimensions} float32, {4 * count * dimensions} bytes, found {len(content)}"
        )
    return np.frombuffer(content, "<f4").reshape(count, dimensions).astype(np.float32)


def _lengths(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    with np.errstate(all="ignore"):
        lengths: NDArray[np.float32] = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    return lengths


def _check_cameras(head: _Head, of_site: frozenset[str]) -> None:
    if strangers := set(head.cameras) - of_site:
        raise EmbeddingMessageError(f"expected cameras of the site, found {min(strangers)}")
    if strangers := {stretch.camera for stretch in (*head.embeddings, *head.ended)} - set(head.cameras):
        raise EmbeddingMessageError(f"expected tracks of {', '.join(head.cameras)}, found one of {min(strangers)}")
