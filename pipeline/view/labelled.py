"""What operators said of two sightings, as labelled pairs on disk.

`pairs.jsonl` has a line for each verdict. Where the site keeps images, `tracklets/` has the crops in the layout of
MARS, a person for each group of sightings that operators called the same: what `reid-pipeline calibrate` and
`reid-train` read. To these, two persons are two; so of two groups that the site took for one person, and of which no
operator spoke, one is left out.
"""

import json
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from passerby_events.errors import PasserbyError
from passerby_events.tracks import TrackKey
from pipeline.output.files import written_whole

PAIRS, TRACKLETS = "pairs.jsonl", "tracklets"


class LabelsError(PasserbyError):
    """Verdicts cannot be written down."""


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """
    Attributes:
        id: of the verdict.
        verdict: `same` or `different`.
        seen, seen_before: the two sightings, `camera/session/track`.
        similarity: cosine between the two; None: not known.
        model_id: the network behind it.
        given_at: when, seconds since the epoch.
        decision: the event that the verdict is about; None: a pair that nobody had matched.
        persons: whom the site took the two for when it was given.
    """

    id: str
    verdict: str
    seen: str
    seen_before: str
    similarity: float | None
    model_id: str | None
    given_at: float
    decision: str | None
    persons: tuple[str, str]


class LabelledPairs:
    """The labelled pairs of a folder; from any thread.

    Args:
        folder: made with the first pair.
        crop_of: JPEG of a track's best crop; None where there is none.
    """

    def __init__(self, folder: Path, crop_of: Callable[[TrackKey], bytes | None]) -> None:
        self._folder = folder
        self._crop_of = crop_of
        self._lock = threading.Lock()

    def read(self) -> list[LabelledPair]:
        """All of them, the oldest first.

        Raises:
            LabelsError: if the file is none of ours.
        """
        path = self._folder / PAIRS
        if not path.is_file():
            return []
        try:
            return [_pair_from(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise LabelsError(f"expected labelled pairs in {path}, found another thing: move it away") from error

    def add(self, pair: LabelledPair) -> None:
        """Writes it down, in the place of an earlier verdict about the same two sightings."""
        with self._lock:
            both = {pair.seen, pair.seen_before}
            self._write([*(each for each in self.read() if {each.seen, each.seen_before} != both), pair])

    def forget(self, tracks: Iterable[TrackKey]) -> None:
        """Whoever was erased is in no pair any more."""
        gone = {f"{track.camera}/{track.session}/{track.track}" for track in tracks}
        with self._lock:
            before = self.read()
            kept = [pair for pair in before if not gone & {pair.seen, pair.seen_before}]
            if len(kept) < len(before):
                self._write(kept)

    def _write(self, pairs: list[LabelledPair]) -> None:
        try:
            with written_whole(self._folder / PAIRS) as partial:
                partial.write_text("".join(json.dumps(asdict(pair)) + "\n" for pair in pairs), encoding="utf-8")
            self._write_tracklets(pairs)
        except OSError as error:
            raise LabelsError(f"expected to write verdicts to {self._folder}: {error.strerror}") from error

    def _write_tracklets(self, pairs: list[LabelledPair]) -> None:
        """Crops that are there already are kept: an image is forgotten before a verdict is."""
        persons = sure_persons(pairs)
        cameras = {name: number for number, name in enumerate(sorted({t.split("/")[0] for t in persons}), 1)}
        kept = self._folder / "crops"
        for name in group_same(pairs):
            path = kept / f"{name.replace('/', '-')}.jpg"
            crop = None if path.is_file() else self._crop_of(_track(name))
            if crop is not None:
                with written_whole(path) as partial:
                    partial.write_bytes(crop)
        wanted = {f"{name.replace('/', '-')}.jpg" for pair in pairs for name in (pair.seen, pair.seen_before)}
        for path in kept.glob("*.jpg") if kept.is_dir() else ():
            if path.name not in wanted:
                path.unlink()
        shutil.rmtree(self._folder / TRACKLETS, ignore_errors=True)
        for number, (name, person) in enumerate(sorted(persons.items()), 1):
            source = kept / f"{name.replace('/', '-')}.jpg"
            if not source.is_file():
                continue
            label = f"{person:04d}"
            target = self._folder / TRACKLETS / label
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / f"{label}C{cameras[name.split('/')[0]]}T{number:04d}F001.jpg")


def group_same(pairs: Iterable[LabelledPair]) -> dict[str, int]:
    """The number of a person for each sighting: one for all that operators joined, from 1."""
    group: dict[str, str] = {}

    def root(name: str) -> str:
        while group.setdefault(name, name) != name:
            name = group[name]
        return name

    for pair in pairs:
        first, second = root(pair.seen_before), root(pair.seen)
        if pair.verdict == "same":
            group[second] = first
    number: dict[str, int] = {}
    return {name: number.setdefault(root(name), len(number) + 1) for name in sorted(group)}


def sure_persons(pairs: Sequence[LabelledPair]) -> dict[str, int]:
    """As `group_same`, but without groups that may be of one person: the largest of them stays, and those of which an
    operator said that they are not the same as any that stays.
    """
    number_of = group_same(pairs)
    different = {
        frozenset((number_of[pair.seen], number_of[pair.seen_before])) for pair in pairs if pair.verdict == "different"
    }
    taken_for: dict[int, set[str]] = {}
    for pair in pairs:
        for name, person in zip((pair.seen, pair.seen_before), pair.persons, strict=True):
            taken_for.setdefault(number_of[name], set()).add(person)
    sizes = Counter(number_of.values())
    kept: list[int] = []
    for number in sorted(sizes, key=lambda each: (-sizes[each], each)):
        doubtful = [other for other in kept if taken_for[number] & taken_for[other]]
        if all(frozenset((number, other)) in different for other in doubtful):
            kept.append(number)
    return {name: number for name, number in number_of.items() if number in kept}


def _pair_from(fields: dict[str, Any]) -> LabelledPair:
    return LabelledPair(**{**fields, "persons": tuple(fields["persons"])})


def _track(name: str) -> TrackKey:
    camera, session, track = name.split("/")
    return TrackKey(camera, session, int(track))
