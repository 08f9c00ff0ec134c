"""Runs the rows of one array through a network in batches that it takes."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_runtime.card import ModelCard
from reid_runtime.session import Session


def run_rows(
    session: Session, rows: NDArray[Any], *, max_batch: int, beside: Mapping[str, NDArray[Any]] | None = None
) -> NDArray[Any]:
    """The first output of a network, for every row, in order.

    On a processor a larger batch gains nothing, and the last bits of a row may depend on how many rows run with it;
    a batch of one, or a `rows` that is always as long, gives the same bits every time.

    Args:
        session: a network whose inputs have the batch as their first axis.
        rows: (N, ...) as the card's input, N > 0.
        max_batch: rows per run where the network leaves the batch free; otherwise its own size is taken.
        beside: for each further input the one row that it has beside every one of these.
    """
    name, output = session.card.inputs[0].name, session.card.outputs[0].name
    fixed = batch_size(session.card)
    outputs = [
        session.run({name: chunk, **_repeated(beside or {}, len(chunk))})[output]
        for chunk in _split(rows, fixed or max_batch, filled=fixed is not None)
    ]
    joined = outputs[0] if len(outputs) == 1 else np.concatenate(outputs)
    return joined[: len(rows)]


def batch_size(card: ModelCard) -> int | None:
    """How many rows the network takes at once; None where it leaves that free."""
    return card.inputs[0].shape[0]


def _repeated(rows: Mapping[str, NDArray[Any]], count: int) -> dict[str, NDArray[Any]]:
    return {name: np.repeat(row[np.newaxis], count, axis=0) for name, row in rows.items()}


def _split(rows: NDArray[Any], size: int, *, filled: bool) -> Iterator[NDArray[Any]]:
    """Chunks of `size` rows; the last is filled up with its last row where the network takes no fewer."""
    for start in range(0, len(rows), size):
        chunk = rows[start : start + size]
        missing = size - len(chunk)
        yield np.concatenate([chunk, np.repeat(chunk[-1:], missing, axis=0)]) if filled and missing else chunk
