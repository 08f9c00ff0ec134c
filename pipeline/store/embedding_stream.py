"""Channel 2 as a Redis stream: workers write, bounded; the matcher reads windows, and says what it has committed.

An entry is deleted when what followed from it is committed, in the same transaction, so the stream is as long as what
is undecided. Each worker may have so many entries waiting and no more: then its `write` blocks, and the pressure
travels back to its cameras. (A bound on the whole stream would stop the slow worker for whom the matcher waits.)
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

from pipeline.config import RedisConfig
from pipeline.ordering.channel import OrderParams
from pipeline.records import EmbeddedWindow, Heartbeat, StreamEntry
from pipeline.store.agreement import check_worker, number_text, refuse_worker
from pipeline.store.client import Argument, Reply, SiteStore, StoreError, StoreUnavailable
from pipeline.store.embedding_messages import (
    MAX_BYTES,
    EmbeddingMessage,
    EmbeddingMessageError,
    Expected,
    messages_of,
    pack_message,
    unpack_message,
)
from pipeline.store.keys import CONSUMER, GROUP, STREAM, claim_key
from pipeline.store.lease import Lease
from pipeline.store.lost_ends import SILENT_S, LostEnds
from pipeline.store.outage import Outage
from pipeline.store.scripts import APPEND, DEAD_LETTER, DEAD_LETTERS_BYTES, FORGET, NOTE_LENGTH, READ, RECOUNT
from pipeline.store.window_join import MAX_LAG_S, WindowJoin
from pipeline.store.worker_clocks import ClockRead, WorkerClocks, written_s

logger = logging.getLogger(__name__)

READ_COUNT = 256
POLL_S = 0.05
WRITTEN, DISAGREES, HELD = 1, -1, -2
"""What `APPEND` answers, beside 0: too many wait."""
CLAIM_MS = 5000
"""How long a camera stays with a worker that says nothing."""
CLAIM_PATIENCE_S = 8.0
"""How long a worker waits for its cameras: one that was killed, and is started again, finds them still claimed."""


@dataclass(frozen=True, slots=True)
class EntryWaits:
    """An entry cannot be written yet."""


@dataclass(frozen=True, slots=True)
class MessagesLost:
    """Redis has forgotten messages, or at least that they were written, and how many."""

    count: int


class CameraHeld(StoreError):  # noqa: N818 - a state of the world, not a fault
    """Another worker speaks for a camera."""


@dataclass(frozen=True, slots=True)
class MessageDeadLettered:
    """A message could not be used.

    Attributes:
        reason: why.
        dropped: letters of before that made room for it.
    """

    reason: str
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class EmbeddingRefused:
    """One embedding of a message could not be used; the rest of the message is."""

    camera: str


@dataclass(frozen=True, slots=True)
class EndPresumed:
    """Redis has lost messages, and nobody speaks for a camera any more: its worker is taken to have closed."""

    camera: str


@dataclass(frozen=True, slots=True)
class CamerasBehind:
    """How far the cameras of a live site are behind what is being written, seconds."""

    behind_s: Mapping[str, float]


ReaderNews = MessageDeadLettered | EmbeddingRefused | EndPresumed | Heartbeat | ClockRead | CamerasBehind


class EmbeddingWriter:
    """A worker's end; one thread.

    Args:
        worker: its name; two workers of one site never share one.
        cameras: those it speaks for.
        model_id: of the network behind its vectors.
        order: of its windows.
        clock: seconds since the epoch, as this machine has them.
        limits: how many entries of this worker may wait to be decided, and how long it waits for a Redis that has gone
            away.
        observers: are told each time an entry has to wait, because too many do or because Redis cannot be reached; at
            least once a minute while that lasts.
    """

    def __init__(
        self,
        store: SiteStore,
        worker: str,
        cameras: Sequence[str],
        *,
        model_id: str,
        order: OrderParams | None = None,
        clock: Callable[[], float] = time.time,
        limits: RedisConfig | None = None,
        observers: Sequence[Callable[[EntryWaits | MessagesLost], None]] = (),
    ) -> None:
        self._store = store
        self._worker = worker
        self._cameras = tuple(cameras)
        self._model_id = model_id
        self._clock = clock
        self._window_s = (order or OrderParams()).window_s
        limits = limits or RedisConfig()
        self._max_waiting = limits.max_waiting
        self._outage = Outage(f"Redis at {store.address}", limits.patience_s)
        self._observers = observers
        self._session = uuid4().hex
        self._number = 0

    def write_all(self, windows: Iterable[EmbeddedWindow]) -> None:
        """Opens, writes window after window, and closes when there are no more; what breaks off is not closed."""
        self.open()
        for window in windows:
            self.write(window)
        self.close()

    def open(self) -> None:
        """Says that this worker has started: its cameras are waited for from now on.

        Raises:
            Disagreement: if the site in Redis has other cameras, windows or networks.
        """
        self._patiently(lambda: check_worker(self._store, self._cameras))
        self._send(EmbeddingMessage(self._worker, self._cameras, "open"))

    def write(self, window: EmbeddedWindow) -> None:
        """Writes a window; blocks while too many entries wait.

        Raises:
            StoreError: if Redis refuses, or could not be reached for `patience_s`.
            Disagreement: if the site in Redis is of another window or network by now.
        """
        for message in messages_of(window, self._worker, self._cameras):
            self._send(message)

    def close(self) -> None:
        """Says that nothing will follow: nobody waits for these cameras any more."""
        self._send(EmbeddingMessage(self._worker, self._cameras, "closed"))

    def _send(self, message: EmbeddingMessage) -> None:
        self._number += 1
        head, vectors = pack_message(message, self._model_id)
        args: list[Argument] = [self._worker, self._session, self._number, self._max_waiting]
        args += (self._model_id, number_text(self._window_s), CLAIM_MS, len(self._cameras))
        args += (int(message.progress == "closed"), head, vectors)
        claims = [self._store.key(claim_key(camera)) for camera in self._cameras]
        began_s = time.monotonic()
        while True:
            answer, number = self._patiently(lambda: self._store.run(APPEND, claims, [*args, self._clock()]))
            if answer == WRITTEN:
                self._note_loss(number)
                return
            if answer == DISAGREES:
                raise refuse_worker(self._store, self._window_s, self._model_id)
            if answer == HELD and not (self._number == 1 and time.monotonic() - began_s < CLAIM_PATIENCE_S):
                raise CameraHeld(
                    f"camera {self._cameras[number - 1]} has another worker, of site {self._store.site}: end that, or "
                    "give this one other cameras"
                )
            self._wait()

    def _note_loss(self, known: int) -> None:
        """Redis knows of every message of ours but the new one, or it has lost some."""
        lost = self._number - 1 - known
        if lost <= 0:
            return
        logger.warning(
            "Redis lost what it knew of worker %s since its message %d: the %d after that may never be decided",
            self._worker,
            known,
            lost,
        )
        for observer in self._observers:
            observer(MessagesLost(lost))

    def _patiently(self, call: Callable[[], Reply]) -> Reply:
        """Calls again while Redis cannot be reached; the call must be one that may be carried out twice."""
        while True:
            try:
                reply = call()
                self._outage.worked()
                return reply
            except StoreUnavailable as error:
                self._outage.failed(error)
                self._wait()

    def _wait(self) -> None:
        for observer in self._observers:
            observer(EntryWaits())
        time.sleep(POLL_S)


class EmbeddingReader:
    """The matcher's end; one thread, for the term of one lease.

    Args:
        join: puts the messages into windows.
        expected: what a message must be like; others are dead-lettered.
        may_go_on: asked before each window; while it says no, none is handed out.
        between: asked where there is no window: one for what does not come from workers.
        had_stream: somebody has read the site's stream before.
        lost_ends: the last words that Redis may have lost.
        observers: are told of each message that is dead-lettered, of the clocks of live workers and how far their
            cameras are behind, and each time the reader looks for a window, found or not.

    Attributes:
        lost: messages that waited in a stream that Redis has lost; None: it has not.
    """

    def __init__(
        self,
        store: SiteStore,
        lease: Lease,
        join: WindowJoin,
        expected: Expected,
        *,
        may_go_on: Callable[[], bool] = lambda: True,
        between: Callable[[], EmbeddedWindow | None] = lambda: None,
        had_stream: bool = False,
        lost_ends: LostEnds | None = None,
        observers: Sequence[Callable[[ReaderNews], None]] = (),
    ) -> None:
        self._store = store
        self._lease = lease
        self._join = join
        self._expected = expected
        self._may_go_on = may_go_on
        self._between = between
        self._lost_ends = lost_ends or LostEnds(())
        self._observers = observers
        self._clocks = WorkerClocks(observers)
        self._far_behind: set[str] = set()
        self._last_id = b"0-0"
        self.lost: int | None = None
        if store.make_group(STREAM, GROUP) and had_stream:
            # Who had much waiting in the stream of before must not be held back for it.
            self.lost = int(lease.run(RECOUNT))

    def windows(self, is_over: Callable[[], bool], *, until_end: bool = False) -> Iterator[EmbeddedWindow]:
        """Windows in order, those first that an earlier matcher read and did not commit.

        Args:
            is_over: asked at each turn; the windows end when it says so.
            until_end: end too when every worker has closed and all is handed out.
        """
        self._read_pending()
        while not is_over():
            self._report(Heartbeat())
            if not self._may_go_on():
                self._lease.renew()
                time.sleep(POLL_S)
            elif (window := self._join.take(time.monotonic())) is not None or (window := self._between()) is not None:
                yield window
            elif not self._read_new():
                self._forget(self._join.take_spent())
                if until_end and self._join.is_done:
                    return
                self._close_silent()
                self._store.wait_for_entry(STREAM, self._last_id, min(1.0, self._lease.duration_ms / 4000))

    def _close_silent(self) -> None:
        silent = self._join.silent(time.monotonic(), SILENT_S)
        for camera in self._lost_ends.close(self._store, silent, self._expected.model_id, now_s=time.time()):
            self._report(EndPresumed(camera))

    def _read_pending(self) -> None:
        after = b"0-0"
        while entries := self._read(after):
            after = entries[-1][0]

    def _read_new(self) -> bool:
        return bool(self._read(b">"))

    def _read(self, after: bytes) -> list[tuple[bytes, list[bytes] | None]]:
        reply = self._lease.run(READ, args=[CONSUMER, READ_COUNT, after])
        entries = reply[0][1] if reply else []
        for entry_id, fields in entries:
            self._last_id = max(self._last_id, entry_id, key=_order)
            self._take_in(entry_id, _as_dict(fields))
        return list(entries)

    def _take_in(self, entry_id: bytes, fields: dict[bytes, bytes]) -> None:
        try:
            message = unpack_message(fields, self._expected)
            live_s = self._clocks.check(message, entry_id, fields.get(b"sent", b"")) if self._expected.is_live else None
        except EmbeddingMessageError as error:
            self._dead_letter(entry_id, fields, str(error))
        else:
            self._join.add(StreamEntry(entry_id, message.worker), message, time.monotonic(), live_s=live_s)
            self._lost_ends.hear(message.cameras, written_s(entry_id))
            self._note_refused(message)
            self._note_who_is_behind()

    def _note_refused(self, message: EmbeddingMessage) -> None:
        """A line for each message, which names the first."""
        if not message.refused:
            return
        first = message.refused[0]
        logger.warning(
            "worker %s: of %d embeddings %d are dropped: that of track %s/%s/%d, tracklet %d, has length %g, not 1",
            message.worker,
            len(message.embeddings) + len(message.refused),
            len(message.refused),
            first.track.camera,
            first.track.session,
            first.track.track,
            first.tracklet_index,
            first.length,
            extra={"camera": first.track.camera},
        )
        for each in message.refused:
            self._report(EmbeddingRefused(each.track.camera))

    def _note_who_is_behind(self) -> None:
        """Of a live site; a line for each who is not waited for any more, and who is again."""
        behind_s = self._join.behind_s()
        if not behind_s:
            return
        self._report(CamerasBehind(behind_s))
        far = {camera for camera, seconds in behind_s.items() if seconds > MAX_LAG_S}
        for camera in sorted(far - self._far_behind):
            logger.warning(
                "camera %s is %.0f s behind: nobody waits for it any more",
                camera,
                behind_s[camera],
                extra={"camera": camera},
            )
        for camera in sorted(self._far_behind - far):
            logger.warning(
                "camera %s is not behind any more: the others wait for it again", camera, extra={"camera": camera}
            )
        self._far_behind = far

    def _dead_letter(self, entry_id: bytes, fields: dict[bytes, bytes], reason: str) -> None:
        logger.warning("message %s is dead-lettered: %s", entry_id.decode(), reason)
        worker, sent, head, vectors = (fields.get(name, b"") for name in (b"worker", b"sent", b"head", b"vectors"))
        args: list[Argument] = [entry_id, DEAD_LETTERS_BYTES, reason[:NOTE_LENGTH], worker[:NOTE_LENGTH]]
        args += (sent[:NOTE_LENGTH], head[:MAX_BYTES], vectors[: max(0, MAX_BYTES - len(head))])
        self._report(MessageDeadLettered(reason, self._lease.run(DEAD_LETTER, args=args)))

    def _report(self, what: ReaderNews) -> None:
        for observer in self._observers:
            observer(what)

    def _forget(self, entries: Sequence[StreamEntry]) -> None:
        if entries:
            self._lease.run(FORGET, args=ids_and_workers(entries))


def ids_and_workers(entries: Sequence[StreamEntry]) -> list[Argument]:
    """Entries as a script takes them."""
    flat: list[Argument] = []
    for entry in entries:
        flat += (entry.id, entry.worker)
    return flat


def _as_dict(fields: list[bytes] | None) -> dict[bytes, bytes]:
    """The fields of an entry as Redis lists them; somebody may have deleted the entry since it was read."""
    return dict(zip(fields[::2], fields[1::2], strict=True)) if fields else {}


def _order(entry_id: bytes) -> tuple[int, int]:
    milliseconds, _, number = entry_id.partition(b"-")
    return int(milliseconds), int(number)
