"""Turns windows of embeddings into persons and events: reads the gallery, decides, corrects, commits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from passerby_events.schema import IdentityEvent
from passerby_events.tracks import TrackKey
from pipeline.events.ids import person_id, run_id
from pipeline.matching import announcing
from pipeline.matching.calibration import Calibration
from pipeline.matching.gallery import Gallery, Known
from pipeline.matching.identity_merge_split import IdentityMergeSplit, Rules, merge_and_split
from pipeline.matching.merge_split import MergeSplitParams
from pipeline.matching.policy import Decision, MatchParams, decide
from pipeline.matching.sightings import Sighting, SightingArrays, extend_sighting, side_by_side, start_sighting
from pipeline.records import EmbeddedWindow
from pipeline.site import Site, topology


@dataclass(frozen=True, slots=True)
class WindowOutcome:
    """What became of a window.

    Attributes:
        appeared, matched, waiting: how many tracks were new people, known people, or wait for more of themselves.
        merged, split: how often two persons turned out to be one, and one to be two.
    """

    appeared: int
    matched: int
    waiting: int
    merged: int = 0
    split: int = 0


class Matcher:
    """Decides who is who at one site. One thread, the only one that decides for its gallery.

    Args:
        calibration: replaces the threshold by one for each pair of cameras, and gives events a probability.
        merge_split: when earlier decisions are taken back; None: never.
    """

    def __init__(
        self,
        gallery: Gallery,
        site: Site,
        params: MatchParams | None = None,
        calibration: Calibration | None = None,
        merge_split: MergeSplitParams | None = None,
    ) -> None:
        self._gallery = gallery
        self._site = site
        self._params = params or MatchParams()
        self._calibration = calibration
        self._merge_split = merge_split

    def step(self, window: EmbeddedWindow) -> WindowOutcome:
        """Takes the next window, and commits what follows from it in one transaction."""
        known = self._gallery.known()
        changed, gone = _changed(known, window)
        if not changed:
            self._gallery.commit([], [], window)
            return WindowOutcome(0, 0, 0)
        rules = self._rules(known, changed.values())
        origin = self._origin(rules.cameras, first=next(iter(changed)))
        open_ = sorted((s for s in changed.values() if s.person is None), key=lambda s: (s.start_s, s.track))
        decisions = self._decide(known, changed, open_, rules)
        events: list[IdentityEvent] = []
        for decision in decisions:
            sighting = self._decided(open_[decision.query], decision, known, open_, changed)
            changed[sighting.track] = sighting
            events.append(self._event(origin, decision, sighting, known, open_))
        merge_splits = self._find_merge_splits(known, changed, rules)
        for merge_split in merge_splits:
            changed |= {sighting.track: sighting for sighting in merge_split.moved}
            events += announcing.announce_merge_split(origin, merge_split)
        events += [announcing.announce_end(origin, changed[track]) for track in gone]
        self._gallery.commit(list(changed.values()), events, window)
        appeared = sum(event.kind == "person.appeared" for event in events)
        merged = sum(merge_split.kind == "merged" for merge_split in merge_splits)
        waiting = len(open_) - len(decisions)
        return WindowOutcome(appeared, len(decisions) - appeared, waiting, merged, len(merge_splits) - merged)

    def _rules(self, known: Known, changed: Iterable[Sighting]) -> Rules:
        cameras = list(dict.fromkeys([*known.cameras, *(s.track.camera for s in changed)]))
        return Rules(self._site.name, cameras, topology(self._site, cameras), self._thresholds(cameras))

    def _origin(self, cameras: Sequence[str], *, first: TrackKey) -> announcing.Origin:
        """A run is named after the first track of the window with which its events begin."""
        return announcing.Origin(self._site.name, self._gallery.run or run_id(self._site.name, first), cameras)

    def _decide(
        self, known: Known, changed: dict[TrackKey, Sighting], open_: Sequence[Sighting], rules: Rules
    ) -> list[Decision]:
        if not open_:
            return []
        must_decide = np.array(
            [not s.is_open or s.tracklet_index + 1 >= self._params.decide_after_tracklets for s in open_]
        )
        return decide(
            side_by_side(open_, rules.cameras),
            _as_of_now(known, changed.values()),
            rules.topology,
            rules.thresholds,
            self._params,
            must_decide,
        )

    def _find_merge_splits(
        self, known: Known, changed: dict[TrackKey, Sighting], rules: Rules
    ) -> list[IdentityMergeSplit]:
        return [] if self._merge_split is None else merge_and_split(known, changed, rules, self._merge_split)

    def _thresholds(self, cameras: Sequence[str]) -> NDArray[np.float64]:
        """(C, C): the cosine demanded between each two cameras."""
        calibration = self._calibration
        if calibration is None:
            between = np.full((len(cameras), len(cameras)), self._params.demanded)
        else:
            between = np.array([[calibration.threshold(a, b) for b in cameras] for a in cameras])
        return between + self._params.same_camera_extra * np.eye(len(cameras))

    def _decided(
        self,
        sighting: Sighting,
        decision: Decision,
        known: Known,
        open_: Sequence[Sighting],
        changed: dict[TrackKey, Sighting],
    ) -> Sighting:
        if decision.row >= 0:
            person = known.row(decision.row).person
        elif decision.peer >= 0:
            person = changed[open_[decision.peer].track].person
        else:
            person = person_id(self._site.name, sighting.track)
        return replace(sighting, person=person)

    def _event(
        self,
        origin: announcing.Origin,
        decision: Decision,
        sighting: Sighting,
        known: Known,
        open_: Sequence[Sighting],
    ) -> IdentityEvent:
        before = _before(decision, known, open_)
        probability = self._probability(decision, sighting, before)
        return announcing.announce_decision(
            origin, sighting, before, decision, probability=probability, person=known.person
        )

    def _probability(self, decision: Decision, sighting: Sighting, before: Sighting | None) -> float | None:
        if self._calibration is None or before is None or decision.similarity is None:
            return None
        pair = sighting.track.camera, before.track.camera
        return float(self._calibration.probability(np.array([decision.similarity]), *pair)[0])


def _changed(known: Known, window: EmbeddedWindow) -> tuple[dict[TrackKey, Sighting], list[TrackKey]]:
    """The tracks that a window says something new about, as they are after it; and those of them that it ends.

    A tracklet or an end that comes a second time, from a worker that was started again, is no news.
    """
    changed: dict[TrackKey, Sighting] = {}
    gone: list[TrackKey] = []

    def so_far(track: TrackKey) -> Sighting | None:
        index = known.index(track)
        return changed.get(track) or (None if index is None else known.row(index))

    for embedding in window.embeddings:
        before = so_far(embedding.track)
        after = start_sighting(embedding) if before is None else extend_sighting(before, embedding)
        if after is not before:
            changed[embedding.track] = after
    for end in window.ended:
        sighting = so_far(end.track)
        if sighting is not None and sighting.is_open:
            changed[end.track] = replace(sighting, start_s=end.start_s, end_s=end.end_s, is_open=False)
            gone.append(end.track)
    return changed, gone


def _as_of_now(known: Known, changed: Iterable[Sighting]) -> SightingArrays:
    """The known tracks with the times that this window brought; their vectors stay as they were committed."""
    arrays = known.arrays
    start_s, end_s, still_there = arrays.start_s.copy(), arrays.end_s.copy(), arrays.still_there.copy()
    for sighting in changed:
        index = known.index(sighting.track)
        if index is not None:
            start_s[index], end_s[index], still_there[index] = sighting.start_s, sighting.end_s, sighting.is_open
    return replace(arrays, start_s=start_s, end_s=end_s, still_there=still_there)


def _before(decision: Decision, known: Known, open_: Sequence[Sighting]) -> Sighting | None:
    if decision.row >= 0:
        return known.row(decision.row)
    return open_[decision.peer] if decision.peer >= 0 else None
