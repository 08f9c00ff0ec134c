"""What the API does, beside answering: search by image, verdicts, erasures. Blocking; in a thread of the pool."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import numpy as np

from passerby_events.schema import PersonErased
from passerby_events.tracks import TrackKey
from pipeline.build import build_encoder_with_attention, read_attention_names
from pipeline.matching.verdicts import Verdict
from pipeline.store.erasure_requests import AuditEntry
from pipeline.view.alike import Vector
from pipeline.view.labelled import LabelledPair, LabelledPairs, LabelsError
from pipeline.view.lines import Json, compared_by, name_of, track_from
from pipeline.view.moments import with_attention
from pipeline.view.questions import QuestionError, SearchQuestion, VerdictBody
from pipeline.view.uploads import decode_upload
from pipeline.view.viewed import NotPossibleError, Viewed
from reid_models.attention import AttentionReader
from reid_models.crops import resize
from reid_models.encoder import Encoder
from reid_runtime.card import ArtefactError

logger = logging.getLogger(__name__)

NETWORK_WITHIN_S = 5.0
"""Whoever wants the network waits so long for those before."""


@dataclass(frozen=True, slots=True)
class _Networks:
    encoder: Encoder
    attention: AttentionReader | None


class Desk:
    """One for a server.

    Args:
        viewed: the site.
    """

    def __init__(self, viewed: Viewed) -> None:
        self._viewed = viewed
        self._networks: _Networks | None = None
        self._encodes = threading.Lock()
        self._attention: tuple[str, ...] | None = None
        self.pairs = LabelledPairs(viewed.card.verdicts, viewed.crop)
        self._forget_erased()

    def search_image(self, content: bytes, asked: SearchQuestion) -> Json:
        """The persons most like an image of somebody.

        Raises:
            UploadError: if it is none.
            NotPossibleError: if too many searches are under way.
        """
        image = decode_upload(content)
        with self._loaded() as networks:
            spec = networks.encoder.clip
            crops = resize(image[None], height=spec.height, width=spec.width)
            clip = np.repeat(crops[None], spec.frames, axis=1)
            vector = networks.encoder.encode(clip)[0]
        return self._most_alike(vector, asked, None)

    @contextmanager
    def _loaded(self) -> Iterator[_Networks]:
        """The networks, for one at a time; loaded when somebody first needs them."""
        if not self._encodes.acquire(timeout=NETWORK_WITHIN_S):
            raise NotPossibleError("the network works for others: try again in a second")
        try:
            if self._networks is None:
                card = self._viewed.card
                self._networks = _Networks(*build_encoder_with_attention(card.encoder, card.compute))
            yield self._networks
        finally:
            self._encodes.release()

    def attention_names(self) -> tuple[str, ...]:
        """What can be asked for of where the network looks; found out once, from its card."""
        if self._attention is None:
            try:
                self._attention = read_attention_names(self._viewed.card.encoder)
            except ArtefactError as error:
                logger.warning("the view cannot show where the network looks: %s", error)
                self._attention = ()
        return self._attention

    def show_attention(self, moments: bytes, name: str) -> bytes:
        """JPEG of moments with what the network looks at in them.

        Raises:
            QuestionError: if it does not say that.
        """
        if name not in self.attention_names():
            known = ", ".join(self.attention_names()) or "nothing"
            raise QuestionError(f"of: the network says {known} of where it looks, found {name[:50]!r}")
        with self._loaded() as networks:
            assert networks.attention is not None, "its card says so"
            return with_attention(moments, networks.attention, name)

    def search_sighting(self, asked: SearchQuestion) -> Json:
        """The persons most like a sighting, by the vector that it is known by.

        Raises:
            NotPossibleError: if nothing is known of it.
        """
        track = track_from(asked.sighting or "")
        vector = self._viewed.shelf.vector(track)
        if vector is None:
            self._viewed.refresh_vectors()
            vector = self._viewed.shelf.vector(track)
        if vector is None:
            raise NotPossibleError(f"nothing is known any more of the sighting {asked.sighting}")
        return self._most_alike(vector, asked, track)

    def _most_alike(self, vector: Vector, asked: SearchQuestion, left_out: TrackKey | None) -> Json:
        self._viewed.refresh_vectors()
        book, persons, items = self._viewed.book, set[UUID](), list[Json]()
        for each in self._viewed.shelf.search(vector):
            person = book.person_of(each.track)
            if each.similarity < asked.min_similarity or len(items) == asked.max_matches:
                break
            if person is None or person in persons or each.track == left_out:
                continue
            persons.add(person)
            sighting = book.sighting(each.track)
            if sighting is not None:
                items.append({"similarity": each.similarity, "person": sighting["person"], "sighting": sighting})
        return {"items": items}

    def give_verdict(self, body: VerdictBody) -> Json:
        """Keeps an operator's word as a labelled pair, and hands it to the matcher.

        Raises:
            QuestionError: if it names no two sightings.
        """
        seen, before, similarity, model_id = self._pair(body)
        if seen == before:
            raise QuestionError("seen_before: expected another sighting than `seen`")
        first, second = name_of(seen), name_of(before)
        persons = self._taken_for(seen), self._taken_for(before)
        verdict = Verdict(uuid4(), body.verdict == "same", seen, before, time.time())
        self._viewed.say(verdict)
        about = None if body.decision is None else str(body.decision)
        self.pairs.add(
            LabelledPair(
                str(verdict.id), body.verdict, first, second, similarity, model_id, verdict.given_at, about, persons
            )
        )
        return {"id": str(verdict.id), "verdict": body.verdict, "seen": first, "seen_before": second}

    def _taken_for(self, track: TrackKey) -> str:
        """The person of a track; of one that is forgotten nobody else's."""
        return str(self._viewed.book.person_of(track) or name_of(track))

    def _pair(self, body: VerdictBody) -> tuple[TrackKey, TrackKey, float | None, str | None]:
        if body.decision is None:
            if body.seen is None or body.seen_before is None:
                raise QuestionError("expected `decision`, or `seen` and `seen_before`")
            pair = track_from(body.seen), track_from(body.seen_before)
            for track in pair:
                if self._viewed.book.person_of(track) is None:
                    raise QuestionError(f"{track}: expected a sighting of somebody, found none")
            a, b = (self._viewed.shelf.vector(track) for track in pair)
            return *pair, None if a is None or b is None else round(float(a @ b), 4), None
        event = self._viewed.book.decision(body.decision)
        compared = None if event is None else compared_by(event)
        if event is None or compared is None:
            raise QuestionError(f"decision: expected one that compares two sightings, found {body.decision}")
        before, similarity = compared
        return event.seen.key, before.key, similarity, event.model_id

    def erase(self, person: UUID, address: str) -> AuditEntry:
        """Erases somebody, everywhere; the log says from where that was asked."""
        tracks = self._viewed.book.tracks_of(person)
        entry = self._viewed.erase(person)
        self.forget(tracks)
        logger.warning(
            "person %s was erased through the view, asked from %s (request %s)", person, address, entry.request
        )
        return entry

    def forget(self, tracks: list[TrackKey]) -> None:
        """In what operators said, too."""
        self._viewed.shelf.forget(tracks)
        self.pairs.forget(tracks)

    def hear(self, event: object) -> None:
        """Somebody else may have erased a person; the book knows which sightings those were."""
        if isinstance(event, PersonErased):
            self._forget_erased()

    def _forget_erased(self) -> None:
        """In what operators said; the view goes on if that cannot be read or written."""
        try:
            named = [track_from(name) for pair in self.pairs.read() for name in (pair.seen, pair.seen_before)]
            self.forget([track for track in named if self._viewed.book.is_erased(track)])
        except (LabelsError, ValueError) as error:
            logger.warning("labelled pairs of erased persons may be left: %s", error)
