"""A matcher process: stands by until it has the site's lease, then decides until it stops or loses the lease.

Each term begins anew: the mirror is loaded, and what an earlier term read and did not commit is read again. So there
is one way back from every fault, a lost connection included, and it is the way of every start.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from pipeline.config import RedisConfig
from pipeline.events.ids import run_id
from pipeline.events.sink import EventSink
from pipeline.matching.gallery import Gallery
from pipeline.matching.identity_loop import run_identity_loop
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import Retention
from pipeline.matching.verdicts import VerdictDesk
from pipeline.ordering.channel import OrderParams
from pipeline.records import Heartbeat
from pipeline.store.agreement import Agreement, agree, check_matcher
from pipeline.store.client import LeaseLost, SiteStore, StoreLost, StoreUnavailable, StreamLost
from pipeline.store.embedding_messages import Expected
from pipeline.store.embedding_stream import (
    CamerasBehind,
    EmbeddingReader,
    EmbeddingRefused,
    EndPresumed,
    MessageDeadLettered,
    ReaderNews,
)
from pipeline.store.erasure import ErasedDropped, Eraser
from pipeline.store.erasure_requests import AuditEntry
from pipeline.store.gallery import RedisGallery
from pipeline.store.keys import ERASED, PROGRESS
from pipeline.store.lease import Lease, acquire
from pipeline.store.ledger import Ledger
from pipeline.store.lost_ends import LostEnds
from pipeline.store.outage import Outage
from pipeline.store.outbox import EventDeadLettered, EventDelivered, OutboxRelay, RelayNews, SinkFailed
from pipeline.store.startup import forgets
from pipeline.store.verdicts import RedisVerdicts
from pipeline.store.window_join import WindowJoin
from pipeline.store.worker_clocks import ClockRead
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from pipeline.telemetry.observers import MatchCounter

logger = logging.getLogger(__name__)

LEADING, STANDING_BY = "leading", "standing by"
CHECKS_EVERY_S = 10.0
"""At how Redis would make room."""


@dataclass(frozen=True, slots=True)
class SiteMatcherParams:
    """
    Attributes:
        limits: how long a lease lasts, how much may wait, and for how long; a lease longer than any window takes to
            decide.
        order: windows of the length of the workers'; see `WindowJoin`.
        is_live: see `WindowJoin`.
        accepts_changes: decide for a site in Redis that is of another window, network or list of cameras.
        history: so many of the newest events are kept, for whoever looks at the site.
    """

    limits: RedisConfig = field(default=RedisConfig())
    order: OrderParams = field(default=OrderParams())
    is_live: bool = False
    accepts_changes: bool = False
    history: int = 0


class SiteMatcher:
    """Decides for one site.

    Args:
        store: of the site.
        expected: what messages can be used.
        retention: of the gallery.
        make_matcher: what decides, over a gallery, and carries out the verdicts of operators.
        open_sink: where events go; see `OutboxRelay`.
    """

    def __init__(
        self,
        store: SiteStore,
        expected: Expected,
        retention: Retention,
        make_matcher: Callable[[Gallery, VerdictDesk], Matcher],
        open_sink: Callable[[], EventSink],
        params: SiteMatcherParams,
        metrics: Metrics,
        health: Health,
    ) -> None:
        self._store = store
        self._expected = expected
        self._retention = retention
        self._make_matcher = make_matcher
        self._open_sink = open_sink
        self._params = params
        self._metrics = metrics
        self._health = health
        self._stopping = threading.Event()
        self._gallery: RedisGallery | None = None
        """Of the last term."""
        self._policy: str | None = None
        self._checks_again_s = 0.0
        self._has_lost = False
        self._commits = 0
        """As many as Redis was known to have."""
        self._ledger = Ledger(store)
        self._lost_ends = LostEnds(expected.cameras)
        self._agreement = Agreement(params.order.window_s, expected.model_id, expected.cameras)

    def run(self, *, until_end: bool = False) -> None:
        """Returns after `stop`; or, if asked to, when all workers have closed and all is decided and delivered.

        Raises:
            StoreError: if Redis refuses, or could not be reached for `patience_s`.
            Disagreement: if the site in Redis is of another configuration, and that is not accepted.
            EventsError: if nothing could be delivered for `delivery_patience_s`.
        """
        outage = Outage(f"Redis at {self._store.address}", self._params.limits.patience_s)
        lease: Lease | None = None
        while not self._stopping.is_set():
            self._health.beat()
            try:
                self._check_agreement()
                lease = acquire(self._store, self._params.limits.lease_s, replaces=lease)
                outage.worked()
                if lease is None:
                    self._stand_by()
                elif self._serve(lease, until_end=until_end):
                    return
            except LeaseLost as error:
                logger.warning("%s; this one stands by", error)
            except StreamLost:
                continue  # whoever makes it again says what was lost
            except StoreLost as error:
                self._note_loss(str(error))
            except StoreUnavailable as error:
                outage.failed(error)
                self._stopping.wait(0.2)

    def stop(self) -> None:
        """Ends after the window that is being decided. From any thread."""
        self._stopping.set()

    def _stand_by(self) -> None:
        self._say(STANDING_BY)
        self._compare_progress(int(self._store.hash(PROGRESS).get(b"commit", 0)))
        self._ledger.remember()
        self._stopping.wait(min(1.0, self._params.limits.lease_s / 4))

    def _compare_progress(self, commits: int) -> None:
        """Redis knows of every decision that it knew of before, or it has lost some."""
        if self._gallery is not None:
            self._commits = max(self._commits, self._gallery.acknowledged)
            self._gallery = None
        lost, self._commits = self._commits - commits, commits
        if lost > 0:
            self._has_lost = True
            self._note_loss(f"Redis at {self._store.address} lost the last {lost} decisions")

    def _note_loss(self, what: str) -> None:
        logger.warning("%s: what can be decided anew is, persons may have other ids from here on", what)
        self._count_loss()

    def _count_loss(self) -> None:
        self._metrics.store_losses.inc()
        self._lost_ends.note_loss(time.time())

    def _serve(self, lease: Lease, *, until_end: bool) -> bool:
        """One term; returns whether all is done that ever will be."""
        logger.info("this matcher decides, term %s", lease.token)
        relay = OutboxRelay(
            self._store,
            self._open_sink,
            patience_s=self._params.limits.delivery_patience_s,
            observers=[self._count_delivery],
        )
        try:
            verdicts = RedisVerdicts(self._store, lease)
            reader, gallery, eraser = self._begin(lease, relay, verdicts)
            self._say(LEADING)
            run_identity_loop(
                eraser.without_erased(reader.windows(self._stopping.is_set, until_end=until_end)),
                self._make_matcher(gallery, verdicts),
                observers=[MatchCounter(self._metrics, gallery.known)],
            )
            self._deliver_all(lease, relay)
            self._look(lease, eraser)
            lease.release()
        finally:
            self._metrics.leading.set(0)
            self._metrics.gallery_tracks.clear()
            self._metrics.lone_tracks.clear()
            relay.close()
        return not self._stopping.is_set()

    def _check_agreement(self) -> None:
        if not self._params.accepts_changes:
            check_matcher(self._store, self._agreement)

    def _begin(
        self, lease: Lease, relay: OutboxRelay, verdicts: RedisVerdicts
    ) -> tuple[EmbeddingReader, RedisGallery, Eraser]:
        agree(lease, self._agreement)
        gallery = self._load_gallery(lease)
        eraser = Eraser(
            self._store,
            lease,
            keep_s=self._retention.keep_s,
            table=gallery.known(),
            observers=[self._count_erasure],
        )
        return self._open_reader(lease, relay, gallery, eraser, verdicts), gallery, eraser

    def _load_gallery(self, lease: Lease) -> RedisGallery:
        at = f"Redis at {self._store.address}"
        gallery = RedisGallery(
            self._store,
            lease,
            self._retention,
            model_id=self._expected.model_id,
            history=self._params.history,
        )
        self._compare_progress(gallery.commits)
        if gallery.lost:
            self._note_loss(f"{at} lost {gallery.lost} tracks that were remembered")
        if gallery.lost_merges:
            self._note_loss(f"{at} lost {gallery.lost_merges} former ids of merged persons")
        if self._has_lost or gallery.lost:
            # What is decided anew may differ from what was delivered, so it must not bear the same ids.
            gallery.run, self._has_lost = run_id(self._store.site, UUID(lease.token)), False
        self._gallery = gallery
        return gallery

    def _open_reader(
        self, lease: Lease, relay: OutboxRelay, gallery: RedisGallery, eraser: Eraser, verdicts: RedisVerdicts
    ) -> EmbeddingReader:
        join = WindowJoin(
            self._expected.cameras,
            window_s=self._params.order.window_s,
            is_live=self._params.is_live,
            idle_after_s=self._params.order.idle_after_s,
            decided_until_s=gallery.decided_until_s,
            now_s=time.monotonic(),
        )
        reader = EmbeddingReader(
            self._store,
            lease,
            join,
            self._expected,
            may_go_on=partial(self._may_go_on, lease, relay, eraser),
            between=lambda: verdicts.window(gallery.decided_until_s),
            had_stream=self._ledger.is_known,
            lost_ends=self._lost_ends,
            observers=[self._note_reading],
        )
        if reader.lost is not None:
            where = f"Redis at {self._store.address} has lost the stream of embeddings"
            logger.warning("%s: %d messages that waited there are not decided", where, reader.lost)
            self._count_loss()
        return reader

    def _count_delivery(self, what: RelayNews) -> None:
        match what:
            case EventDelivered(event=event):
                self._metrics.events.labels(kind=event.kind).inc()
            case SinkFailed():
                self._metrics.sink_failures.inc()
            case EventDeadLettered(dropped=dropped):
                self._count_dead_letter(dropped)

    def _count_erasure(self, what: AuditEntry | ErasedDropped) -> None:
        match what:
            case AuditEntry():
                self._metrics.erasures.labels(outcome=what.outcome).inc()
            case ErasedDropped(count=count):
                self._metrics.erased_tracklets.inc(count)

    def _note_reading(self, what: ReaderNews) -> None:
        match what:
            case MessageDeadLettered(dropped=dropped):
                self._count_dead_letter(dropped)
            case EmbeddingRefused(camera=camera):
                self._metrics.embeddings_refused.labels(camera=camera).inc()
            case EndPresumed():
                self._metrics.store_losses.inc()
            case ClockRead(worker=worker, off_s=off_s):
                self._metrics.clock_offset_s.labels(worker=worker).set(off_s)
            case CamerasBehind(behind_s=behind_s):
                for camera, seconds in behind_s.items():
                    self._metrics.behind_s.labels(camera=camera).set(seconds)
            case Heartbeat():
                self._health.beat()

    def _count_dead_letter(self, dropped: int) -> None:
        self._metrics.dead_letters.inc()
        self._metrics.dead_letters_dropped.inc(dropped)
        if dropped:
            logger.warning(
                "%d older dead letters made room for it; `reid-pipeline letters list` shows what is left", dropped
            )

    def _deliver_all(self, lease: Lease, relay: OutboxRelay) -> None:
        """Or until it is told to stop: the next matcher delivers what waits."""
        while not self._stopping.is_set() and not relay.drain(time.monotonic() + self._params.limits.lease_s / 4):
            lease.renew()
            self._health.beat()

    def _may_go_on(self, lease: Lease, relay: OutboxRelay, eraser: Eraser) -> bool:
        """Between two windows; whether there may be another."""
        relay.check()
        eraser.take(time.time())
        waiting = self._look(lease, eraser)
        if time.monotonic() > self._checks_again_s:
            self._checks_again_s = time.monotonic() + CHECKS_EVERY_S
            self._look_at_policy()
        return waiting < self._params.limits.max_outbox

    def _look(self, lease: Lease, eraser: Eraser) -> int:
        """Whether Redis has what it should have; returns how many events wait."""
        look = self._ledger.look(lease)
        self._metrics.outbox_entries.set(look.events)
        self._metrics.stream_entries.set(look.messages)
        self._metrics.store_losses.inc(len(look.lost))
        if ERASED in look.lost:
            eraser.put_back(time.time())
        return look.events

    def _look_at_policy(self) -> None:
        """Somebody may have changed it since the start; said whenever it is another one."""
        policy = self._store.eviction_policy()
        if policy and policy != self._policy:
            logger.warning("%s: set `maxmemory-policy noeviction`", forgets(self._store, policy))
        self._policy = policy

    def _say(self, state: str) -> None:
        self._health.camera("matcher", state)
        self._metrics.leading.set(state == LEADING)
