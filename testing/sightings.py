"""Sightings of tracks of one camera, persons by the track that they were first seen in, and events about them."""

import dataclasses
from uuid import UUID

import numpy as np

from passerby_events.schema import IdentityEvent
from passerby_events.tracks import TrackKey
from pipeline.events.ids import event_id, person_id
from pipeline.matching.sightings import Sighting
from pipeline.records import EmbeddedWindow, StreamEntry
from testing.events import a_match


def sighting(track: int, end_s: float, *, person: bool = True, angle: float = 0.0, tracklet_index: int = 0) -> Sighting:
    key = TrackKey("door", "r", track)
    radians = np.radians(angle)
    return Sighting(
        track=key,
        person=person_id("shop", key) if person else None,
        total=(tracklet_index + 1) * np.array([np.cos(radians), np.sin(radians)]),
        quality=1.0,
        tracklet_index=tracklet_index,
        box=np.array([1, 2, 3, 4.5], np.float32),
        start_s=end_s - 4,
        end_s=end_s,
        is_open=True,
        clock="container",
        model_id="m@1",
    )


def event(track: int) -> IdentityEvent:
    key = TrackKey("door", "r", track)
    return a_match().model_copy(update={"event_id": event_id("person.appeared", UUID(int=77), key)})


def somebody(track: int) -> UUID:
    """The person who was first seen in a track."""
    return person_id("shop", TrackKey("door", "r", track))


def of(track: int, person: int, end_s: float = 10.0) -> Sighting:
    return dataclasses.replace(sighting(track, end_s), person=somebody(person))


def about(track: int, person: int) -> IdentityEvent:
    return event(track).model_copy(update={"person": somebody(person)})


def ends_at(end_s: float, *entries: StreamEntry) -> EmbeddedWindow:
    """A window that ends there, for commits of which only that matters, and the messages that it came from."""
    return EmbeddedWindow(end_s, (), (), entries)
