"""What can go wrong in Passerby, and is not a fault of the code that calls: each message is one line for people."""

from typing import ClassVar


class PasserbyError(Exception):
    """The base of all errors that Passerby raises about the world or about settings; its message is the one line.

    Attributes:
        exit_code: of a command that ends with it: 1, it failed; 2, it was asked for something that makes no sense.
    """

    exit_code: ClassVar[int] = 1


class EventsError(PasserbyError):
    """The world behind events failed: a broker that is down, a topic that is missing, a file that is no recording."""


class EventsRefusedError(EventsError):
    """Refused, and refused again whenever it is tried: waiting mends nothing, the message says what does."""


class EventTooLargeError(EventsRefusedError):
    """One event is larger than what is taken; the others are taken."""


class SettingsError(PasserbyError):
    """Settings that are missing, or that make no sense together."""

    exit_code = 2
