"""Turns windows of embeddings into persons and events: reads the gallery, decides, corrects, commits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from passerby_events.schema import IdentityEvent
from passerby_events.tracks import TrackKey
from pipeline.events.ids import person_id, run_id
from pipeline.matching import announcing
from pipeline.matching.adaptation import AdaptParams, adapt
from pipeline.matching.calibration import Calibration
from pipeline.matching.gallery import Gallery, Known
from pipeline.matching.identity_merge_split import IdentityMergeSplit, Rules, merge_and_split
from pipeline.matching.merge_split import MergeSplitParams
from pipeline.matching.news import News, as_of_now, changed_by, look_up
from pipeline.matching.policy import Decision, MatchParams, decide, reach_of
from pipeline.matching.sightings import Sighting
from pipeline.matching.verdicts import CarriedOut, Verdict, VerdictDesk, carry_out
from pipeline.records import EmbeddedWindow
from pipeline.site import Site, overlapping, topology


@dataclass(frozen=True, slots=True)
class WindowOutcome:
    """What became of a window.

    Attributes:
        events: what was found out.
        waiting: tracks that are not decided, until more of them is known.
        nobody: tracks that ended, and showed too little to say who they were.
        rejected: of the tracks that were decided, by camera, the best person who was possible and not taken, in cosine
            above threshold.
        merged, split: how often two persons turned out to be one, and one to be two.
    """

    events: tuple[IdentityEvent, ...] = ()
    waiting: tuple[TrackKey, ...] = ()
    nobody: tuple[TrackKey, ...] = ()
    rejected: tuple[tuple[str, float], ...] = ()
    merged: int = 0
    split: int = 0


class Matcher:
    """Decides who is who at one site. One thread, the only one that decides for its gallery.

    Args:
        calibration: replaces the threshold by one for each pair of cameras, and gives events a probability.
        merge_split: when earlier decisions are taken back; None: never.
        adaptation: how the site's own tracks move the threshold between cameras that overlap; None: it stays. One that
            was calibrated always does.
        verdicts: of operators, which are carried out whatever was decided; None: there are none.
    """

    def __init__(
        self,
        gallery: Gallery,
        site: Site,
        params: MatchParams | None = None,
        calibration: Calibration | None = None,
        merge_split: MergeSplitParams | None = None,
        adaptation: AdaptParams | None = None,
        verdicts: VerdictDesk | None = None,
    ) -> None:
        self._gallery = gallery
        self._site = site
        self._params = params or MatchParams()
        self._calibration = calibration
        self._merge_split = merge_split
        self._adaptation = adaptation if calibration is None else None
        self._verdicts = verdicts
        self._rules = self._rules_between([])
        self._given, self._overlaps = self._rules.thresholds, overlapping(site, [])

    def step(self, window: EmbeddedWindow) -> WindowOutcome:
        """Takes the next window, and commits what follows from it in one transaction."""
        known = self._gallery.known()
        changed, gone = changed_by(window, known)
        verdicts = () if self._verdicts is None else self._verdicts.waiting()
        if not changed:
            return self._without_news(window, known, verdicts)
        self._learn_cameras(known, changed.values())
        origin = self._origin(self._rules.cameras, first=next(iter(changed)))
        news = self._look_up(known, changed)
        open_ = [sighting for sighting in news.sightings if sighting.person is None]
        decisions = self._decide(known, news, open_)
        events: list[IdentityEvent] = []
        for decision in decisions:
            sighting = self._decided(open_[decision.query], decision, known, open_, changed)
            changed[sighting.track] = sighting
            events.append(self._event(origin, decision, sighting, known, open_))
        merge_splits = self._find_merge_splits(known, news, changed)
        for merge_split in merge_splits:
            changed |= {sighting.track: sighting for sighting in merge_split.moved}
            events += announcing.announce_merge_split(origin, merge_split)
        named = (changed[track] for track in gone if changed[track].person is not None)
        events += [announcing.announce_end(origin, sighting) for sighting in named]
        events += self._carry_out(verdicts, origin, known, changed)
        self._commit(list(changed.values()), events, window, verdicts)
        merged = sum(merge_split.kind == "merged" for merge_split in merge_splits)
        is_decided = {decision.query for decision in decisions}
        left = [sighting for row, sighting in enumerate(open_) if row not in is_decided]
        waiting, nobody = (tuple(s.track for s in left if s.is_open is is_open) for is_open in (True, False))
        rejected = tuple((open_[d.query].track.camera, d.rejected) for d in decisions if d.rejected is not None)
        return WindowOutcome(tuple(events), waiting, nobody, rejected, merged, len(merge_splits) - merged)

    def _without_news(self, window: EmbeddedWindow, known: Known, verdicts: Sequence[Verdict]) -> WindowOutcome:
        """Nobody was seen; an operator may have spoken all the same."""
        changed: dict[TrackKey, Sighting] = {}
        events: list[IdentityEvent] = []
        if verdicts and self._gallery.run is not None:
            self._learn_cameras(known, ())
            origin = announcing.Origin(self._site.name, self._gallery.run, self._rules.cameras)
            events = self._carry_out(verdicts, origin, known, changed)
        self._commit(list(changed.values()), events, window, verdicts)
        return WindowOutcome(tuple(events))

    def _carry_out(
        self,
        verdicts: Sequence[Verdict],
        origin: announcing.Origin,
        known: Known,
        changed: dict[TrackKey, Sighting],
    ) -> list[IdentityEvent]:
        """Does what operators said, in the order in which they did; of a track that is not remembered, nothing."""
        events: list[IdentityEvent] = []
        for verdict in verdicts:
            done = carry_out(verdict, known, changed, self._site.name, self._params.demanded)
            if done is not None:
                changed |= {sighting.track: sighting for sighting in _moved_by(done)}
                events += announcing.announce_verdict(origin, done)
        return events

    def _commit(
        self,
        sightings: Sequence[Sighting],
        events: Sequence[IdentityEvent],
        window: EmbeddedWindow,
        verdicts: Sequence[Verdict],
    ) -> None:
        self._gallery.commit(sightings, events, window)
        if self._verdicts is not None and verdicts:
            self._verdicts.settle(verdicts)

    def _learn_cameras(self, known: Known, changed: Iterable[Sighting]) -> None:
        """Rules are made anew where a camera was never heard of before, and follow what its people look like."""
        cameras = list(dict.fromkeys([*known.cameras, *(s.track.camera for s in changed)]))
        if cameras != self._rules.cameras:
            self._rules = self._rules_between(cameras)
            self._given, self._overlaps = self._rules.thresholds, overlapping(self._site, cameras)
        if self._adaptation is not None:
            thresholds = adapt(known.arrays, self._given, self._overlaps, self._adaptation)
            self._rules = replace(self._rules, thresholds=thresholds)

    def _rules_between(self, cameras: Sequence[str]) -> Rules:
        return Rules(self._site.name, cameras, topology(self._site, cameras), self._thresholds(cameras))

    def _origin(self, cameras: Sequence[str], *, first: TrackKey) -> announcing.Origin:
        """A run is named after the first track of the window with which its events begin."""
        return announcing.Origin(self._site.name, self._gallery.run or run_id(self._site.name, first), cameras)

    def _look_up(self, known: Known, changed: Mapping[TrackKey, Sighting]) -> News:
        thresholds, merge_split = self._rules.thresholds, self._merge_split
        return look_up(
            known,
            changed,
            self._rules.cameras,
            reach_open=reach_of(thresholds, self._params),
            reach_settled=1.0 if merge_split is None else float(thresholds.min()) - merge_split.margin,
            least_tracklets=None if merge_split is None else merge_split.min_tracklets,
        )

    def _decide(self, known: Known, news: News, open_: Sequence[Sighting]) -> list[Decision]:
        if not open_:
            return []
        rows = np.array([row for row, sighting in enumerate(news.sightings) if sighting.person is None])
        must_decide = np.array(
            [not s.is_open or s.tracklet_index + 1 >= self._params.decide_after_tracklets for s in open_]
        )
        return decide(
            news.arrays.take_rows(rows),
            as_of_now(known, news.sightings),
            self._rules.topology,
            self._rules.thresholds,
            self._params,
            must_decide,
            news.near_open,
            np.array([s.may_be_new for s in open_]),
        )

    def _find_merge_splits(
        self, known: Known, news: News, changed: Mapping[TrackKey, Sighting]
    ) -> list[IdentityMergeSplit]:
        if self._merge_split is None:
            return []
        after = [changed[sighting.track] for sighting in news.sightings]
        return merge_and_split(known, news, after, self._rules, self._merge_split)

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
        if before is None or decision.similarity is None or decision.threshold is None:
            return None
        if self._calibration is None:
            return self._params.probability(decision.similarity, decision.threshold)
        pair = sighting.track.camera, before.track.camera
        return float(self._calibration.probability(np.array([decision.similarity]), *pair)[0])


def _moved_by(done: CarriedOut) -> Sequence[Sighting]:
    return () if done.change is None else (*done.change.moved, *done.settled)


def _before(decision: Decision, known: Known, open_: Sequence[Sighting]) -> Sighting | None:
    if decision.row >= 0:
        return known.row(decision.row)
    return open_[decision.peer] if decision.peer >= 0 else None
