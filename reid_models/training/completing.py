"""A whole data set whose hidden parts were made up: VRSTC's second half learns from it, and is asked by it."""

# T frames of a tracklet, H x W pixels, P parts

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from reid_learning.machine import Machine
from reid_models.architectures.stcnet.locator import OcclusionLocator
from reid_models.architectures.stcnet.tracklet import CompletedTracklet, complete_tracklet
from reid_models.crops import fit
from reid_models.ranking import DISTRACTOR, JUNK
from reid_models.training.datasets.completed import CARD, SIDES
from reid_models.training.learners.completion import CompletionLearner
from reid_models.training.tracklets import Dataset, DatasetError, TrackletSet

COMPLETED = "completed"
"""Folder of the set, in that of STCnet's stage."""
CHANGES = "changes.csv"
"""A line for each frame that was changed: its file, and which of its parts, from 0 at the head."""
QUALITY = 95


@dataclass(frozen=True, slots=True)
class Card:
    """What a completed set says of itself.

    Attributes:
        data: name of the set that it was made of: figures of the same name are laid beside it.
        seen: that set in words, for the cards of networks.
        tau: similarity below which a part counted as hidden.
        height, width: of its frames, pixels: those that the guider has learnt on.
        tracklets, frames: of all sides.
        changed: frames with a part that was made up.
        untouched: frames with a hidden part in tracklets that have no frame without one: nothing is known to complete
            them from.
    """

    data: str
    seen: str
    tau: float
    height: int
    width: int
    tracklets: int = 0
    frames: int = 0
    changed: int = 0
    untouched: int = 0


def complete(
    dataset: Dataset,
    learner: CompletionLearner,
    folder: Path,
    *,
    tau: float,
    machine: Machine = Machine(),  # noqa: B008  # frozen
    observer: Callable[[int], None] = lambda _: None,
) -> Card:
    """Writes the completed set: MARS's layout below train, query and gallery, all frames of one size.

    A folder that has its card is whole, and left as it is; one without is begun anew.

    Args:
        dataset: what to complete.
        learner: STCnet, and the guider on whose trunk hidden parts are found.
        folder: of the set.
        tau: see `OcclusionLocator`.
        machine: where the learner is.
        observer: told after each tracklet how many frames it has.

    Raises:
        DatasetError: if a frame cannot be read, or the folder cannot be written.
    """
    height, width = learner.guider.size
    if (folder / CARD).is_file():
        return Card(**json.loads((folder / CARD).read_text(encoding="utf-8")))
    locator = OcclusionLocator(learner.guider.trunk, tau=tau).eval()
    counts = np.zeros(4, np.int64)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / CHANGES).open("w", encoding="utf-8") as changes:
            changes.write("file,parts\n")
            for side, people in zip(SIDES, (dataset.train, dataset.query, dataset.gallery), strict=True):
                for name, completed in _completed(people, locator, learner, machine):
                    lines = _write(folder / side, name, completed)
                    changes.writelines(f"{side}/{line}\n" for line in lines)
                    hidden = int(completed.occlusions.is_occluded[0].any(dim=1).sum())
                    counts += (1, len(completed.frames), len(lines), hidden - len(lines))
                    observer(len(completed.frames))
        card = Card(dataset.name, dataset.seen, tau, height, width, *counts.tolist())
        (folder / CARD).write_text(json.dumps(asdict(card), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"expected to write a completed set to {folder}, found {error.strerror}") from error
    return card


def _completed(
    people: TrackletSet, locator: OcclusionLocator, learner: CompletionLearner, machine: Machine
) -> Iterator[tuple[str, CompletedTracklet]]:
    """Each tracklet by the beginning of its files' names; those of a person are numbered as in MARS."""
    numbers: dict[int, int] = {}
    height, width = learner.guider.size
    for tracklet, (person, camera) in enumerate(zip(people.persons.tolist(), people.cameras.tolist(), strict=True)):
        frames = people.read(tracklet, np.arange(people.lengths[tracklet]))
        clip = torch.from_numpy(fit(frames, height=height, width=width)).permute(0, 3, 1, 2)
        found = complete_tracklet(clip.to(machine.device), locator, learner.network, size=learner.whole_critic.size)
        numbers[person] = numbers.get(person, 0) + 1
        yield f"{_name(person)}C{camera}T{numbers[person]:04d}", found


def _name(person: int) -> str:
    if person == JUNK:
        return "00-1"
    return f"{0 if person == DISTRACTOR else person:04d}"


def _write(folder: Path, name: str, completed: CompletedTracklet) -> list[str]:
    """The frames as files; returns a line for each that was changed."""
    own = folder / name.partition("C")[0]
    own.mkdir(parents=True, exist_ok=True)
    pixels: NDArray[np.uint8] = completed.frames.permute(0, 2, 3, 1).cpu().numpy()
    is_hidden_TP = completed.occlusions.is_occluded[0].cpu().numpy()
    lines = []
    for index, frame in enumerate(pixels):
        file = own / f"{name}F{index + 1:03d}.jpg"
        if not cv2.imwrite(str(file), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY]):
            raise OSError(0, f"no place for {file}")
        if completed.is_completed[index]:
            lines.append(f"{own.name}/{file.name},{' '.join(map(str, np.flatnonzero(is_hidden_TP[index])))}")
    return lines
