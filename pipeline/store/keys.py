"""What things are called in Redis: the keys of a site, the group that reads its stream, tracks and persons.

Nothing else spells one of these names; scripts are handed theirs.
"""

from uuid import UUID

from passerby_events.tracks import TrackKey

STREAM = "embeddings"
"""Stream: messages of workers."""
GROUP, CONSUMER = "matchers", "matcher"
"""Who reads the stream. One consumer for all: the lease says who it is, and what one has read the next one finds
pending."""
BACKLOG = "backlog"
"""Hash by worker: how many of its messages wait."""
WRITERS = "writers"
"""Hash by worker: session and number of its last message."""
AGREEMENT = "agreement"
"""Hash: the window, the network and the cameras that all of this is of."""
DEAD_LETTERS = "dead"
"""Stream: messages that could not be used, and why."""
LEASE = "lease"
"""String: the token of who decides, until it expires."""
RECENT = "recent"
"""Sorted set by end time: the sightings that there are, by the names of their tracks."""
PROGRESS = "progress"
"""Hash: how far the sightings are decided."""
MERGED = "merged"
"""Hash: who those are now who were merged into others."""
OUTBOX = "outbox"
"""Stream: events that are not delivered yet."""
REQUESTS, AUDIT = "erasures", "audit"
"""Streams: whom to erase; what became of each request."""
ERASED = "erased"
"""Sorted set by when it may go: the names of erased tracks."""
ERASED_COUNT = "erased_count"
"""Hash that expires with `erased`: how many names stand there."""
HISTORY = "history"
"""Stream: the newest events once more, for whoever looks at the site; never more than it says in the configuration."""
VERDICTS = "verdicts"
"""Stream: what operators say of two tracks, for the matcher."""
STATUS = "status"
"""Hash by process: how it is, as JSON; for whoever looks at the site."""
LEDGER = "ledger"
"""Hash: how many entries each of the other streams should have, so that it is noticed when Redis loses them."""
PROBES = ("probe:string", "probe:hash", "probe:set", "probe:stream")
"""Of the permission probe, one for each type; gone afterwards."""


def prefix(site: str) -> str:
    """What all keys of a site begin with. The braces make a hash tag: they all lie in one slot of a cluster."""
    return f"reid:{{{site}}}:"


def track_name(track: TrackKey) -> str:
    return f"{track.camera}:{track.session}:{track.track}"


def claim_key(camera: str) -> str:
    """String: the session of the worker that speaks for a camera, until it expires."""
    return f"claim:{camera}"


def sighting_key(name: str) -> str:
    """Hash: a sighting, by the name of its track."""
    return f"sighting:{name}"


def person_key(person: UUID | None) -> str:
    """Hash: the names of a person's tracks, and when each ended. Nobody's is never written."""
    return f"person:{person}"


def images_key(name: str) -> str:
    """Hash: the best crop and the moments of a track, by its name, as JPEG, until it expires."""
    return f"images:{name}"


def frame_key(camera: str) -> str:
    """Hash: the newest frame of a camera at which somebody looks, until it expires."""
    return f"frame:{camera}"


def wanted_key(camera: str) -> str:
    """String: somebody looks at a camera, until it expires."""
    return f"wanted:{camera}"
