"""What an artefact is held against: the same clips or images, through the network that it was made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from detectors.detections import Detections
from detectors.detector import Detector
from detectors.network_detector import NetworkDetector
from detectors.readers import READERS
from export.verification.boxes import compare_boxes
from export.verification.figures import Figures
from export.verification.people import Described, compare_people, describe_people, encoder_of
from export.verification.sessions import NotingSession
from passerby_events.errors import PasserbyError
from reid_models.clips import spread
from reid_models.tracklet_folder import read_folder
from reid_models.training.datasets.catalogue import read_dataset
from reid_models.training.datasets.folder import tracklet_set
from reid_models.training.datasets.listing import nobody
from reid_models.training.evaluation.describe import each_clip
from reid_models.training.sampling.test_clips import TestClips
from reid_models.training.tracklets import Dataset, TrackletSet
from reid_runtime.card import ModelCard
from reid_runtime.session import Session

Feed = dict[str, NDArray[Any]]
"""The inputs of one pass."""
IMAGES = (".jpg", ".jpeg", ".png")


class SamplesError(PasserbyError):
    """There is nothing to calibrate on, or to compare on; the message says in one line what to do."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Samples:
    """How much is rendered or read.

    Attributes:
        calibrating: tracklets or images to calibrate on, at most; simulated ones are as many persons.
        asked: simulated persons who are searched for, or images to look at.
    """

    calibrating: int = 32
    asked: int = 60


class Trial(Protocol):
    """The same samples for every artefact of one network."""

    def feeds(self, session: Session) -> list[Feed]:
        """What a session is given for the samples to calibrate on, pass by pass."""
        ...

    def judge(self, session: Session) -> Figures:
        """How far a session lies from the reference."""
        ...


class EncoderTrial:
    """Tracklets, and what the reference makes of them."""

    def __init__(
        self, reference: Session, dataset: Dataset, samples: Samples, console: Console, *, has_labels: bool
    ) -> None:
        self._dataset = dataset
        self._has_labels = has_labels
        self._samples = samples
        self._console = console
        self._reference = self._described(reference, "reference")

    def feeds(self, session: Session) -> list[Feed]:
        """See `Trial.feeds`."""
        noting = NotingSession(session)
        encoder = encoder_of(noting)
        people = _learnt_from(self._dataset)
        chosen = people.some(spread(len(people), min(len(people), self._samples.calibrating)))
        cut = TestClips("spread", encoder.clip.frames)

        def one_by_one(clips: NDArray[np.uint8]) -> NDArray[np.float32]:
            return np.concatenate([encoder.encode(clip[None]) for clip in clips])

        for _ in each_clip(one_by_one, chosen, cut, encoder.clip):
            pass
        return noting.noted

    def judge(self, session: Session) -> Figures:
        """See `Trial.judge`."""
        found = self._described(session, session.card.precision)
        return compare_people(self._reference, found, self._dataset, has_labels=self._has_labels)

    def _described(self, session: Session, name: str) -> Described:
        total = len(self._dataset.query) + len(self._dataset.gallery)
        with _progress(self._console) as progress:
            task = progress.add_task(f"clips through {name}", total=total)
            return describe_people(
                encoder_of(session), self._dataset, observer=lambda count: progress.advance(task, count)
            )


class DetectorTrial:
    """Images, and whom the reference sees in them."""

    def __init__(
        self,
        reference: Session,
        calibrating: Sequence[NDArray[np.uint8]],
        images: Sequence[NDArray[np.uint8]],
        console: Console,
    ) -> None:
        self._calibrating = calibrating
        self._images = images
        self._console = console
        self._reference = self._seen(reference, "reference")

    def feeds(self, session: Session) -> list[Feed]:
        """See `Trial.feeds`."""
        noting = NotingSession(session)
        detector = detector_of(noting)
        for image in self._calibrating:
            detector.detect([image])
        return noting.noted

    def judge(self, session: Session) -> Figures:
        """See `Trial.judge`."""
        return compare_boxes(self._reference, self._seen(session, session.card.precision))

    def _seen(self, session: Session, name: str) -> list[Detections]:
        detector = detector_of(session)
        with _progress(self._console) as progress:
            task = progress.add_task(f"images through {name}", total=len(self._images))
            found: list[Detections] = []
            for image in self._images:
                found += detector.detect([image])
                progress.advance(task)
        return found


def is_detector(card: ModelCard) -> bool:
    """Whether a network sees people in images, rather than telling them apart."""
    return card.family in READERS


def check_alike(card: ModelCard, reference: ModelCard) -> None:
    """Raises SamplesError unless both take the same clips or images, and are used alike."""
    is_alike = card.clip == reference.clip and is_detector(card) == is_detector(reference)
    if not is_alike or card.inputs[0].shape[1:] != reference.inputs[0].shape[1:]:
        found, expected = (_takes(each) for each in (card, reference))
        raise SamplesError(
            f"{card.name} takes {found}, and {reference.name}, which it is held against, {expected}: they are not "
            "the same network"
        )


def _takes(card: ModelCard) -> str:
    if card.clip is None:
        return " x ".join("*" if size is None else str(size) for size in card.inputs[0].shape[1:])
    return f"clips of {card.clip.frames} frames of {card.clip.height} x {card.clip.width}"


def detector_of(session: Session) -> Detector:
    """What serving makes of a session, at the score that it asks for."""
    return NetworkDetector(session)


def open_trial(
    reference: Session,
    *,
    data: str | None,
    calibrate: str | None,
    samples: Samples,
    console: Console,
    has_labels: bool = True,
) -> Trial:
    """The trial of a network.

    Args:
        reference: the network that others are held against.
        data: `NAME=FOLDER` of a data set, or a folder of tracklets in the layout of MARS, or of images; None:
            the folder to calibrate on, and where there is none either, simulated people.
        calibrate: the same, to calibrate on; None: those of `data` that are to be learnt from.
        samples: how many.
        console: for progress.
        has_labels: whether it counts whom they find, too: a network that nobody has trained finds anybody.

    Raises:
        PasserbyError: if there are no such data.
    """
    if is_detector(reference.card):
        return _detector_trial(reference, data or calibrate, calibrate or data, samples, console)
    if data is None and calibrate is None:
        dataset = _simulated(reference, samples, console)
        return EncoderTrial(reference, dataset, samples, console, has_labels=has_labels)
    dataset = _read(data or calibrate or "")
    if data is not None and calibrate is not None:
        calibrating = _learnt_from(_read(calibrate))
        dataset = Dataset(dataset.name, dataset.seen, calibrating, dataset.query, dataset.gallery)
    return EncoderTrial(reference, dataset, samples, console, has_labels=has_labels)


def _detector_trial(
    reference: Session, data: str | None, calibrate: str | None, samples: Samples, console: Console
) -> Trial:
    if data is None or calibrate is None:
        from export.verification.simulated import simulated_images

        total = samples.calibrating + samples.asked
        with _progress(console) as progress:
            task = progress.add_task("rendering images", total=total)
            images = simulated_images(total, advance=lambda: progress.advance(task))
        # Every camera is in both.
        is_calibrating = np.zeros(total, bool)
        is_calibrating[spread(total, samples.calibrating)] = True
        calibrating = [image for image, is_one in zip(images, is_calibrating, strict=True) if is_one]
        asked = [image for image, is_one in zip(images, is_calibrating, strict=True) if not is_one]
        return DetectorTrial(reference, calibrating, asked, console)
    return DetectorTrial(reference, _images(Path(calibrate), samples.calibrating), _images(Path(data)), console)


def _images(folder: Path, most: int | None = None) -> list[NDArray[np.uint8]]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGES)
    if not paths:
        raise SamplesError(f"expected images ({', '.join(IMAGES)}) below {folder}, found none: name another folder")
    chosen = paths if most is None else [paths[row] for row in spread(len(paths), min(most, len(paths)))]
    found = []
    for path in chosen:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if image is None:
            raise SamplesError(f"expected an image at {path}, found something else: restore it or take it away")
        found.append(np.asarray(image, np.uint8))
    return found


def _simulated(reference: Session, samples: Samples, console: Console) -> Dataset:
    from export.verification.simulated import simulated_people

    with _progress(console) as progress:
        task = progress.add_task("rendering people", total=samples.calibrating + samples.asked)
        return simulated_people(
            encoder_of(reference).clip,
            calibrating=samples.calibrating,
            asked=samples.asked,
            advance=lambda: progress.advance(task),
        )


def _read(data: str) -> Dataset:
    name, equals, folder = data.partition("=")
    if equals:
        return read_dataset(name, Path(folder))
    people = tracklet_set(read_folder(Path(data)))
    none = nobody(people)
    return Dataset("folder", data, none, people, none)


def _learnt_from(dataset: Dataset) -> TrackletSet:
    """Whom to calibrate on: nobody who is asked for, where the set has others."""
    for people in (dataset.train, dataset.query, dataset.gallery):
        if len(people):
            return people
    raise SamplesError(f"expected tracklets in {dataset.name} to calibrate on, found none: name another folder")


def _progress(console: Console) -> Progress:
    return Progress(console=console, disable=not console.is_terminal, transient=True)
