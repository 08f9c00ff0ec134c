"""Counts by cause, in words: for logs, for the terminal, and for the report."""

from collections.abc import Mapping


def name_causes(counts: Mapping[str, int]) -> str:
    """Such as `too short 3, edge 1`: the most frequent first, what is 0 left out."""
    some = sorted((item for item in counts.items() if item[1]), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{cause.replace('_', ' ')} {count:,}" for cause, count in some)


def share_causes(counts: Mapping[str, int], total: int) -> str:
    """Such as `61 % (size 40, edge 21)`: shares of a total in per cent, those that round to none left out; or `0 %`."""
    shares = {cause: round(100 * count / total) for cause, count in counts.items()} if total else {}
    some = f" ({name_causes(shares)})" if any(shares.values()) else ""
    return f"{100 * sum(counts.values()) / max(total, 1):.0f} %{some}"


def sum_causes(counts: Mapping[str, int]) -> str:
    """Such as `4 (too short 3, edge 1)`, or `0`."""
    total = sum(counts.values())
    return f"{total:,} ({name_causes(counts)})" if total else "0"
