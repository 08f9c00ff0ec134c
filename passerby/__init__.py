"""Recognise the same person across cameras, from Python.

Who is who over some videos, or streams:

    import passerby

    for event in passerby.recognise({"door": "door.mp4", "hall": "hall.mp4"}):
        print(event.kind, event.person, event.seen.camera)

The people of one video, followed from image to image:

    import passerby

    for seen in passerby.track("door.mp4"):
        print(seen.frame.time_s, seen.tracks.ids, seen.tracks.boxes)

Are two people one? Folders with images of each, or arrays:

    import passerby

    found = passerby.load_encoder().compare("anna", "berta")
    print(found.similarity, found.is_same_person)

A folder of tracklets in the layout of MARS as vectors:

    import passerby

    found = passerby.load_encoder().embed_folder("tracklets")
    print(found.persons, found.cameras, found.vectors @ found.vectors.T)

What a site of several processes publishes to Kafka:

    from passerby import Brokers, DeadLetters, EventConsumer

    brokers = Brokers(("localhost:9092",))
    with DeadLetters(brokers) as letters, EventConsumer(brokers, group="doors", dead_letter=letters.put) as events:
        for event in events:
            print(event.kind, event.person)

Whatever the world or a setting makes impossible is a `PasserbyError`, whose message is one line for people. A name is
imported when it is first used: `import passerby` itself loads nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from passerby.comparing import Comparison, Crops, PersonEncoder, TrackletEmbeddings, load_encoder
    from passerby.following import TrackedFrame, track
    from passerby.recognition import recognise
    from passerby_events import (
        Brokers,
        DeadLetters,
        Event,
        EventConsumer,
        IdentityEvent,
        PasserbyError,
        PersonAppeared,
        PersonErased,
        PersonMatched,
        PersonMerged,
        PersonSplit,
        TrackEnded,
        brokers_from,
        fold,
        read_events,
    )
    from pipeline.records import Frame
    from trackers.tracks import Tracks

__version__ = "0.1.0"
__all__ = [
    "Brokers",
    "Comparison",
    "Crops",
    "DeadLetters",
    "Event",
    "EventConsumer",
    "Frame",
    "IdentityEvent",
    "PasserbyError",
    "PersonAppeared",
    "PersonEncoder",
    "PersonErased",
    "PersonMatched",
    "PersonMerged",
    "PersonSplit",
    "TrackEnded",
    "TrackedFrame",
    "TrackletEmbeddings",
    "Tracks",
    "brokers_from",
    "fold",
    "load_encoder",
    "read_events",
    "recognise",
    "track",
]

_ELSEWHERE = {
    **dict.fromkeys(
        ("Comparison", "Crops", "PersonEncoder", "TrackletEmbeddings", "load_encoder"), "passerby.comparing"
    ),
    **dict.fromkeys(("TrackedFrame", "track"), "passerby.following"),
    "recognise": "passerby.recognition",
    "Frame": "pipeline.records",
    "Tracks": "trackers.tracks",
}
"""Where a name lives; all others live in `passerby_events`."""


if not TYPE_CHECKING:  # or a name that is misspelt would pass for an object

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_ELSEWHERE.get(name, "passerby_events")), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
