"""Read the events of Passerby: typed, from Kafka or from recordings, and what they say in the end.

    from passerby_events import Brokers, DeadLetters, EventConsumer

    brokers = Brokers(("localhost:9092",))
    with DeadLetters(brokers) as letters, EventConsumer(brokers, group="doors", dead_letter=letters.put) as events:
        for event in events:
            print(event.kind, event.person)

Names are imported when they are first used: whoever needs the schema alone loads no client of Kafka.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from passerby_events.brokers import Brokers, Sasl, Tls
    from passerby_events.consumer import EventConsumer
    from passerby_events.dead_letters import DeadLetter, DeadLetters
    from passerby_events.environment import brokers_from
    from passerby_events.errors import EventsError, EventsRefusedError, EventTooLargeError, PasserbyError, SettingsError
    from passerby_events.reasons import (
        Contradiction,
        NearerToAnother,
        NewerReason,
        OperatorVerdict,
        Reason,
        SameCameraSameTime,
        TooFast,
        TooLate,
        TwoCamerasAtOnce,
        Unlike,
        WrongWay,
        describe,
    )
    from passerby_events.recordings import read_events, read_recording
    from passerby_events.reducing import Folded, fold, persons_of_camera
    from passerby_events.schema import (
        Event,
        EventSighting,
        IdentityEvent,
        Joined,
        MergeSplit,
        PersonAppeared,
        PersonErased,
        PersonMatched,
        PersonMerged,
        PersonSplit,
        RunnerUp,
        TrackEnded,
        VerdictGiven,
        event_from,
        first_fault,
        newer_kind,
        schema_text,
        seen_before_of,
        sightings_of,
    )
    from passerby_events.topics import DEAD_LETTERS, EVENTS
    from passerby_events.tracks import Clock, TrackKey

__version__ = "0.1.0"
__all__ = [
    "DEAD_LETTERS",
    "EVENTS",
    "Brokers",
    "Clock",
    "Contradiction",
    "DeadLetter",
    "DeadLetters",
    "Event",
    "EventConsumer",
    "EventSighting",
    "EventTooLargeError",
    "EventsError",
    "EventsRefusedError",
    "Folded",
    "IdentityEvent",
    "Joined",
    "MergeSplit",
    "NearerToAnother",
    "NewerReason",
    "OperatorVerdict",
    "PasserbyError",
    "PersonAppeared",
    "PersonErased",
    "PersonMatched",
    "PersonMerged",
    "PersonSplit",
    "Reason",
    "RunnerUp",
    "SameCameraSameTime",
    "Sasl",
    "SettingsError",
    "Tls",
    "TooFast",
    "TooLate",
    "TrackEnded",
    "TrackKey",
    "TwoCamerasAtOnce",
    "Unlike",
    "VerdictGiven",
    "WrongWay",
    "brokers_from",
    "describe",
    "event_from",
    "first_fault",
    "fold",
    "newer_kind",
    "persons_of_camera",
    "read_events",
    "read_recording",
    "schema_text",
    "seen_before_of",
    "sightings_of",
]

_MODULES = {
    "brokers": ("Brokers", "Sasl", "Tls"),
    "consumer": ("EventConsumer",),
    "dead_letters": ("DeadLetter", "DeadLetters"),
    "environment": ("brokers_from",),
    "errors": ("EventTooLargeError", "EventsError", "EventsRefusedError", "PasserbyError", "SettingsError"),
    "reasons": (
        "Contradiction",
        "NearerToAnother",
        "NewerReason",
        "OperatorVerdict",
        "Reason",
        "SameCameraSameTime",
        "TooFast",
        "TooLate",
        "TwoCamerasAtOnce",
        "Unlike",
        "WrongWay",
        "describe",
    ),
    "recordings": ("read_events", "read_recording"),
    "reducing": ("Folded", "fold", "persons_of_camera"),
    "schema": (
        "MergeSplit",
        "Event",
        "IdentityEvent",
        "Joined",
        "PersonAppeared",
        "PersonErased",
        "PersonMatched",
        "PersonMerged",
        "PersonSplit",
        "RunnerUp",
        "EventSighting",
        "TrackEnded",
        "VerdictGiven",
        "event_from",
        "first_fault",
        "newer_kind",
        "schema_text",
        "seen_before_of",
        "sightings_of",
    ),
    "topics": ("DEAD_LETTERS", "EVENTS"),
    "tracks": ("Clock", "TrackKey"),
}
"""Where each name lives."""
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


if not TYPE_CHECKING:  # or a name that is misspelt would pass for an object

    def __getattr__(name: str) -> object:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
