"""`reid-export verify`: whether artefacts still say what the network says that they were made from."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from export.verification.figures import LIMITS, Figures
from export.verification.sessions import open_artefact, open_reference
from export.verification.trials import Samples, SamplesError, open_trial
from reid_runtime.card import ModelCard, read_card
from reid_runtime.session import Provider


@dataclass(frozen=True, slots=True)
class Asked:
    """
    Attributes:
        files: artefacts, each with its card.
        against: an artefact in single precision, or the folder of a run.
        data: see `open_trial`.
        samples: how many.
        has_labels: see `open_trial`.
        provider: of the artefacts; None: the processor.
        threads: on the processor.
        json: to write; None: nothing.
    """

    files: Sequence[Path]
    against: Path
    data: str | None = None
    samples: Samples = Samples()  # noqa: RUF009  # frozen
    has_labels: bool = True
    provider: Provider | None = None
    threads: int = 1
    json: Path | None = None


def run(asked: Asked, console: Console) -> tuple[list[str], bool]:
    """What is to be printed, and whether all of them are good.

    Raises:
        PasserbyError: if one cannot be loaded, or there is nothing to compare; one line.
    """
    cards = [read_card(file) for file in asked.files]
    reference = open_reference(asked.against, cards[0], provider="cpu", threads=asked.threads)
    for card in cards:
        _check_alike(card, reference.card)
    trial = open_trial(
        reference, data=asked.data, calibrate=None, samples=asked.samples, console=console, has_labels=asked.has_labels
    )
    lines, rows, is_good = list[str](), list[dict[str, object]](), True
    for file, card in zip(asked.files, cards, strict=True):
        session = open_artefact(file, provider=asked.provider, threads=asked.threads)
        figures = trial.judge(session)
        faults = figures.faults(LIMITS[card.precision])
        is_good &= not faults
        lines.append(_line(file, card, figures, faults))
        rows.append({"file": file.name, "precision": card.precision, **figures.numbers(), "faults": faults})
    if asked.json is not None:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return lines, is_good


def _line(file: Path, card: ModelCard, figures: Figures, faults: Sequence[str]) -> str:
    verdict = f"not good: {'; '.join(faults)}" if faults else "good"
    return f"{file}: {card.precision}, {verdict}\n  {figures.line()}"


def _check_alike(card: ModelCard, reference: ModelCard) -> None:
    """Raises SamplesError unless both take the same clips or images."""
    if card.clip != reference.clip or card.inputs[0].shape[1:] != reference.inputs[0].shape[1:]:
        found, expected = (_takes(each) for each in (card, reference))
        raise SamplesError(
            f"{card.name} takes {found}, and {reference.name}, which it is held against, {expected}: they are not "
            "the same network"
        )


def _takes(card: ModelCard) -> str:
    if card.clip is None:
        return " x ".join("*" if size is None else str(size) for size in card.inputs[0].shape[1:])
    return f"clips of {card.clip.frames} frames of {card.clip.height} x {card.clip.width}"
