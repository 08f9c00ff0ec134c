"""Turns windows of embeddings into persons and events: reads the gallery, decides, commits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from pipeline.events.schema import IdentityEvent, Kind, event_id, person_id
from pipeline.events.schema import Rival as EventRival
from pipeline.events.schema import Sighting as EventSighting
from pipeline.matching.calibration import Calibration
from pipeline.matching.constraints import Verdict
from pipeline.matching.gallery import Gallery, Known
from pipeline.matching.policy import Decision, MatchParams, decide
from pipeline.matching.sightings import Sighting, SightingArrays, first_part, with_part
from pipeline.records import EmbeddedWindow, TrackKey
from pipeline.site import Site, topology


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a window: how many tracks were new people, known people, or wait for more of themselves."""

    appeared: int
    matched: int
    waiting: int


class Matcher:
    """Decides who is who at one site. One thread, the only one that decides for its gallery.

    Args:
        calibration: replaces `params.threshold` by one for each pair of cameras, and gives events a probability.
    """

    def __init__(
        self, gallery: Gallery, site: Site, params: MatchParams | None = None, calibration: Calibration | None = None
    ) -> None:
        self._gallery = gallery
        self._site = site
        self._params = params or MatchParams()
        self._calibration = calibration

    def step(self, window: EmbeddedWindow) -> Outcome:
        """Takes the next window, and commits what follows from it in one transaction."""
        known = self._gallery.known()
        changed, gone = _changed(known, window)
        open_ = sorted((s for s in changed.values() if s.person is None), key=lambda s: (s.start_s, s.track))
        decisions = self._decide(known, changed, open_)
        events: list[IdentityEvent] = []
        for decision in decisions:
            sighting = self._decided(open_[decision.query], decision, known, open_, changed)
            changed[sighting.track] = sighting
            events.append(self._event(decision, sighting, known, open_))
        events += self._ended(changed[track] for track in gone)
        self._gallery.commit(list(changed.values()), events, window.end_s)
        appeared = sum(event.kind == "person.appeared" for event in events)
        return Outcome(appeared, len(decisions) - appeared, len(open_) - len(decisions))

    def _decide(self, known: Known, changed: dict[TrackKey, Sighting], open_: Sequence[Sighting]) -> list[Decision]:
        if not open_:
            return []
        cameras = list(dict.fromkeys([*known.cameras, *(s.track.camera for s in open_)]))
        must_decide = np.array([not s.is_open or s.part + 1 >= self._params.decide_after_parts for s in open_])
        return decide(
            _arrays(open_, cameras),
            _as_of_now(known, changed.values()),
            topology(self._site, cameras),
            self._thresholds(cameras),
            self._params,
            must_decide,
        )

    def _thresholds(self, cameras: Sequence[str]) -> NDArray[np.float64]:
        """(C, C): the cosine demanded between each two cameras."""
        calibration = self._calibration
        if calibration is None:
            between = np.full((len(cameras), len(cameras)), self._params.threshold)
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

    def _event(self, decision: Decision, sighting: Sighting, known: Known, open_: Sequence[Sighting]) -> IdentityEvent:
        before = _before(decision, known, open_)
        rivals = tuple(
            EventRival(
                person=known.person(rival.person), similarity=rival.similarity, ruled_out_by=_WORDS.get(rival.verdict)
            )
            for rival in decision.rivals
        )
        kind: Kind = "person.appeared" if before is None else "person.matched"
        return IdentityEvent(
            event_id=event_id(kind, self._site.name, sighting.track),
            kind=kind,
            site=self._site.name,
            person=_person(sighting),
            camera=sighting.track.camera,
            seen=_seen(sighting, sighting.part),
            seen_before=None if before is None else _seen(before, before.part),
            similarity=decision.similarity,
            probability=self._probability(decision, sighting, before),
            margin=decision.margin,
            threshold=decision.threshold,
            rivals=rivals,
            model_id=sighting.model_id,
        )

    def _probability(self, decision: Decision, sighting: Sighting, before: Sighting | None) -> float | None:
        if self._calibration is None or before is None or decision.similarity is None:
            return None
        pair = sighting.track.camera, before.track.camera
        return float(self._calibration.probability(np.array([decision.similarity]), *pair)[0])

    def _ended(self, sightings: Iterable[Sighting]) -> list[IdentityEvent]:
        return [
            IdentityEvent(
                event_id=event_id("track.ended", self._site.name, sighting.track),
                kind="track.ended",
                site=self._site.name,
                person=_person(sighting),
                camera=sighting.track.camera,
                seen=_seen(sighting, None),
                model_id=sighting.model_id,
            )
            for sighting in sightings
        ]


_WORDS = {
    Verdict.SAME_CAMERA_SAME_TIME: "in the same camera at the same time",
    Verdict.TWO_CAMERAS_AT_ONCE: "in a camera that does not overlap at the same time",
    Verdict.TOO_FAST: "no time to walk there",
    Verdict.TOO_LATE: "too long for the walk",
}


def _changed(known: Known, window: EmbeddedWindow) -> tuple[dict[TrackKey, Sighting], list[TrackKey]]:
    """The tracks that a window says something new about, as they are after it; and those of them that it ends.

    A part or an end that comes a second time, from a worker that was started again, is no news.
    """
    changed: dict[TrackKey, Sighting] = {}
    gone: list[TrackKey] = []

    def so_far(track: TrackKey) -> Sighting | None:
        index = known.index(track)
        return changed.get(track) or (None if index is None else known.row(index))

    for embedding in window.embeddings:
        before = so_far(embedding.track)
        after = first_part(embedding) if before is None else with_part(before, embedding)
        if after is not before:
            changed[embedding.track] = after
    for end in window.ended:
        sighting = so_far(end.track)
        if sighting is not None and sighting.is_open:
            changed[end.track] = replace(sighting, start_s=end.start_s, end_s=end.end_s, is_open=False)
            gone.append(end.track)
    return changed, gone


def _arrays(sightings: Sequence[Sighting], cameras: Sequence[str]) -> SightingArrays:
    number = {camera: i for i, camera in enumerate(cameras)}
    return SightingArrays(
        vectors=np.stack([s.descriptor for s in sightings]),
        persons=np.full(len(sightings), -1, np.int64),
        cameras=np.array([number[s.track.camera] for s in sightings], np.int64),
        start_s=np.array([s.start_s for s in sightings]),
        end_s=np.array([s.end_s for s in sightings]),
        still_there=np.array([s.is_open for s in sightings]),
    )


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


def _person(sighting: Sighting) -> UUID:
    assert sighting.person is not None, f"{sighting.track} is decided when it ends"
    return sighting.person


def _seen(sighting: Sighting, part: int | None) -> EventSighting:
    left, top, right, bottom = map(float, sighting.box)
    return EventSighting(
        camera=sighting.track.camera,
        run=sighting.track.run,
        track=sighting.track.track,
        part=part,
        start=sighting.start_s,
        end=sighting.end_s,
        clock=sighting.clock,
        box=(left, top, right, bottom),
    )
