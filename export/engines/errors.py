"""What keeps an engine from being built."""

from passerby_events.errors import PasserbyError


class EngineError(PasserbyError):
    """A network that cannot become an engine; the message says in one line why."""


class EngineMisuseError(EngineError):
    """What was asked for is not to be had of this library, or of this network."""

    exit_code = 2
