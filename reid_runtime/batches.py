"""Runs the rows of one array through a network in batches that it takes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_runtime.card import ModelCard
from reid_runtime.session import Arrays, Session


def run_rows(session: Session, rows: NDArray[Any], *, max_batch: int, beside: Arrays | None = None) -> NDArray[Any]:
    """The first output of a network, for every row, in order.

    On a processor a larger batch gains nothing, and the last bits of a row may depend on how many rows run with it;
    a batch of one, or a `rows` that is always as long, gives the same bits every time.

    Args:
        session: a network whose inputs have the batch as their first axis.
        rows: (N, ...) as the card's input, N > 0.
        max_batch: rows per run where the network leaves the batch free; otherwise its own size is taken, and never more
            than an engine was built for.
        beside: for each further input the one row that it has beside every one of these.
    """
    output = session.card.outputs[0].name
    size = rows_at_once(session.card, max_batch)
    chunks = [rows[start : start + size] for start in range(0, len(rows), size)]
    outputs = [
        run_batch(session, chunk, _repeated(beside or {}, rows_in_run(session.card, len(chunk))))[output]
        for chunk in chunks
    ]
    return outputs[0] if len(outputs) == 1 else np.concatenate(outputs)


def run_batch(session: Session, rows: NDArray[Any], further: Arrays | None = None) -> dict[str, NDArray[Any]]:
    """Every output of a network, for the rows of one run; filled up with the last where it takes no fewer.

    Args:
        session: a network whose first axis is the batch, in its inputs and its outputs.
        rows: (N, ...) as the card's first input, N > 0 and no more than the network takes.
        further: its other inputs, by name, for `rows_in_run` rows.
    """
    missing = rows_in_run(session.card, len(rows)) - len(rows)
    whole = np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)]) if missing else rows
    outputs = session.run({session.card.inputs[0].name: whole, **(further or {})})
    return {name: output[: len(rows)] for name, output in outputs.items()}


def batch_size(card: ModelCard) -> int | None:
    """How many rows the network takes at once; None where it leaves that free."""
    return card.inputs[0].shape[0]


def _repeated(rows: Arrays, count: int) -> Arrays:
    return {name: np.repeat(row[np.newaxis], count, axis=0) for name, row in rows.items()}


def rows_at_once(card: ModelCard, wanted: int) -> int:
    """The most rows that one run should have: so many, unless the network takes no fewer, or no more."""
    least, most = _bounds(card)
    return max(least, wanted) if most is None else min(most, max(least, wanted))


def rows_in_run(card: ModelCard, rows: int) -> int:
    """How many rows a run of so many has, once it is filled up."""
    return max(_bounds(card)[0], rows)


def _bounds(card: ModelCard) -> tuple[int, int | None]:
    """The least and the most rows that a network takes; None: any number."""
    if (fixed := batch_size(card)) is not None:
        return fixed, fixed
    if card.engine is not None:
        sizes = card.engine.shapes[0]
        return sizes.least[0], sizes.most[0]
    return 1, None
