"""Ids of what a site tells: made from what they are about (uuid5), not drawn. The same recordings give the same bytes,
and an event that is sent twice is recognised by its id.
"""

from uuid import UUID, uuid5

from passerby_events.tracks import TrackKey

NAMESPACE = UUID("6f0f4a52-51f5-5d2c-9a77-0d4b0c5d8a31")
"""Of every uuid5 that Passerby makes."""


def run_id(site: str, first: TrackKey | UUID) -> UUID:
    """A run is named after the first track that its gallery took in. A live camera's tracks bear the time of its start,
    so no two runs of live cameras have one id; the same recordings again are the same run. Where a person is erased
    before there was any track, the run is named after the request.
    """
    return uuid5(NAMESPACE, f"{site}/run/{first}")


def event_id(kind: str, run: UUID, track: TrackKey, revision: int = 0) -> UUID:
    """A track appears, is matched and ends at most once, so kind and track name the event; a merge or split is named
    after the first track that it moves, and the revision that this brings it to.
    Another run decides anew, and says it in events of its own.
    """
    return uuid5(NAMESPACE, f"{run}/{track}/{kind}" + (f"/{revision}" if revision else ""))


def person_id(site: str, first: TrackKey, revision: int = 0) -> UUID:
    """A person is named after the first track that nobody known was recognised in; one who came of a split, after the
    first track that was moved, and the revision that this brought it to. No id is used again.
    """
    return uuid5(NAMESPACE, f"{site}/{first}" + (f"/{revision}" if revision else ""))


def erasure_id(site: str, person: UUID, request: UUID) -> UUID:
    """A person is erased once for each request that names it."""
    return uuid5(NAMESPACE, f"{site}/{person}/person.erased/{request}")


def verdict_event_id(run: UUID, verdict: UUID) -> UUID:
    """An operator's verdict is told once."""
    return uuid5(NAMESPACE, f"{run}/{verdict}/verdict.given")
