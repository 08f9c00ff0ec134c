"""`reid-export verify`: whether artefacts still say what the network says that they were made from."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from export.target import TargetError, check_place, write_text
from export.verification.figures import LIMITS, Figures
from export.verification.sessions import open_artefact, open_reference
from export.verification.trials import Samples, check_alike, open_trial
from reid_runtime.card import ModelCard, card_path, read_card
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
    _check_json(asked)
    cards = [read_card(file) for file in asked.files]
    reference = open_reference(asked.against, cards[0], provider="cpu", threads=asked.threads)
    for card in cards:
        check_alike(card, reference.card)
    # All at once: one that does not run is said before minutes are spent on the reference.
    sessions = [open_artefact(file, provider=asked.provider, threads=asked.threads) for file in asked.files]
    trial = open_trial(
        reference, data=asked.data, calibrate=None, samples=asked.samples, console=console, has_labels=asked.has_labels
    )
    lines, rows, is_good = list[str](), list[dict[str, object]](), True
    for file, card, session in zip(asked.files, cards, sessions, strict=True):
        figures = trial.judge(session)
        faults = figures.faults(LIMITS[card.precision])
        is_good &= not faults
        lines.append(_line(file, card, figures, faults))
        rows.append({"file": file.name, "precision": card.precision, **figures.numbers(), "faults": faults})
    if asked.json is not None:
        write_text(asked.json, json.dumps(rows, indent=1) + "\n")
    return lines, is_good


def _check_json(asked: Asked) -> None:
    """Raises TargetError if the figures cannot be written, or would take the place of a network or its card."""
    if asked.json is None:
        return
    check_place(asked.json)
    networks = [path for path in (*asked.files, asked.against) if path.is_file()]
    if asked.json.resolve() in {path.resolve() for each in networks for path in (each, card_path(each))}:
        raise TargetError(f"--json: expected a file of its own, found {asked.json}, which belongs to a network")


def _line(file: Path, card: ModelCard, figures: Figures, faults: Sequence[str]) -> str:
    verdict = f"not good: {'; '.join(faults)}" if faults else "good"
    return f"{file}: {card.precision}, {verdict}\n  {figures.line()}"
