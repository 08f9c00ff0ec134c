"""Runs the rows of one array through a network in batches that it takes."""

from collections.abc import Iterator
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_runtime.card import ModelCard
from reid_runtime.session import Session


def run_rows(session: Session, rows: NDArray[Any], *, max_batch: int) -> NDArray[Any]:
    """The first output of a network with one input, for every row, in order.

    On a processor a larger batch gains nothing, and the last bits of a row may depend on how many rows run with it;
    a batch of one, or a `rows` that is always as long, gives the same bits every time.

    Args:
        session: a network with one input whose first axis is the batch.
        rows: (N, ...) as the card's input, N > 0.
        max_batch: rows per run where the network leaves the batch free; otherwise its own size is taken, and never more
            than an engine was built for.
    """
    name, output = session.card.inputs[0].name, session.card.outputs[0].name
    least, most = _rows_at_once(session.card)
    outputs = [
        session.run({name: chunk})[output] for chunk in _split(rows, least=least, most=min(most, max(least, max_batch)))
    ]
    joined = outputs[0] if len(outputs) == 1 else np.concatenate(outputs)
    return joined[: len(rows)]


def batch_size(card: ModelCard) -> int | None:
    """How many rows the network takes at once; None where it leaves that free."""
    return card.inputs[0].shape[0]


def _rows_at_once(card: ModelCard) -> tuple[int, float]:
    """The least and the most rows that a network takes."""
    if (fixed := batch_size(card)) is not None:
        return fixed, fixed
    if card.engine is not None:
        sizes = card.engine.shapes[0]
        return sizes.least[0], sizes.most[0]
    return 1, inf


def _split(rows: NDArray[Any], *, least: int, most: float) -> Iterator[NDArray[Any]]:
    """Chunks of at most `most` rows; the last is filled up with its last row where the network takes no fewer."""
    size = int(most)
    for start in range(0, len(rows), size):
        chunk = rows[start : start + size]
        missing = least - len(chunk)
        yield np.concatenate([chunk, np.repeat(chunk[-1:], missing, axis=0)]) if missing > 0 else chunk
