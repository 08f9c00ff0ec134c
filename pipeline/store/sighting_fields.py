"""A sighting as the fields of a hash, and back, exactly: a matcher that starts again decides as if it never stopped."""

import json
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from passerby_events.errors import PasserbyError
from passerby_events.tracks import Clock, TrackKey
from pipeline.matching.sightings import Sighting

Finite = Annotated[float, Field(allow_inf_nan=False)]


class FieldsError(PasserbyError):
    """A hash that is no sighting."""


class _Head(BaseModel):
    """All of a sighting but its person, which stands beside it, and its vector."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    camera: str
    session: str
    track: int
    tracklet_index: int
    quality: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    box: tuple[Finite, Finite, Finite, Finite]
    start_s: Finite
    end_s: Finite
    is_open: bool
    clock: Clock
    model_id: str
    revision: int = 0


def head_of(sighting: Sighting) -> str:
    """JSON of all but the person and the vector."""
    left, top, right, bottom = sighting.box.tolist()
    return json.dumps(
        {
            "camera": sighting.track.camera,
            "session": sighting.track.session,
            "track": sighting.track.track,
            "tracklet_index": sighting.tracklet_index,
            "quality": sighting.quality,
            "box": (left, top, right, bottom),
            "start_s": sighting.start_s,
            "end_s": sighting.end_s,
            "is_open": sighting.is_open,
            "clock": sighting.clock,
            "model_id": sighting.model_id,
            "revision": sighting.revision,
        },
        allow_nan=False,
    )


def total_of(sighting: Sighting) -> bytes:
    """The sum of the embeddings as little-endian float64."""
    return sighting.total.astype("<f8", copy=False).tobytes()


def sighting_from(fields: Mapping[bytes, bytes]) -> Sighting:
    """The sighting of the fields `head`, `person` (empty: open) and `total`.

    Raises:
        FieldsError: if they are none.
    """
    try:
        head = _Head.model_validate_json(fields[b"head"])
        person = UUID(fields[b"person"].decode()) if fields[b"person"] else None
        total = np.frombuffer(fields[b"total"], "<f8").astype(np.float64)
    except (KeyError, ValueError, ValidationError) as error:
        raise FieldsError(f"expected a sighting, found {sorted(fields)}: {error}") from error
    return Sighting(
        track=TrackKey(head.camera, head.session, head.track),
        person=person,
        total=total,
        quality=head.quality,
        tracklet_index=head.tracklet_index,
        box=np.array(head.box, np.float32),
        start_s=head.start_s,
        end_s=head.end_s,
        is_open=head.is_open,
        clock=head.clock,
        model_id=head.model_id,
        revision=head.revision,
    )
