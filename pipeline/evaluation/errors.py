"""What `evaluation.py` and `scoring.py` raise, here so that it can be caught where the `evaluate` extra is missing."""

from passerby_events.errors import PasserbyError


class EvaluationError(PasserbyError):
    """Events, tracks and truth do not belong together."""


class ScoringError(PasserbyError):
    """Tracks and truth cannot be compared."""
