"""What `evaluation.py` and `scoring.py` raise, here so that it can be caught where the `evaluate` extra is missing."""


class EvaluationError(Exception):
    """Events, tracks and truth do not belong together."""


class ScoringError(Exception):
    """Tracks and truth cannot be compared."""
