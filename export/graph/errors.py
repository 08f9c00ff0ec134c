"""What can go wrong in an export."""

from passerby_events.errors import PasserbyError


class ExportError(PasserbyError):
    """An artefact that cannot be what was asked for."""

    exit_code = 2


class ParityError(PasserbyError):
    """An exported file does not say what the network says."""
