"""What could not be used, or delivered: kept whole, to be read, played again once the fault is mended, or dropped."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.store.client import SiteStore
from pipeline.store.embedding_messages import Name
from pipeline.store.keys import DEAD_LETTERS
from pipeline.store.lost_ends import close_silent
from pipeline.store.scripts import DROP_LETTERS, PLAY_LETTER
from pipeline.store.worker_clocks import written_s

PAGE = 16
"""Letters in one round trip, of at most 4 MiB each."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """
    Attributes:
        id: of the letter; tells when it was written.
        message: id that the message, or the event, had where it waited.
        is_event: it could not be delivered, rather than decided.
        worker: who wrote it; empty for an event, and where a message does not say.
        reason: why it could not be used.
        size: bytes.
        sent: time of the worker's clock when it wrote the message, as text; empty for an event.
        cameras: of the message, as far as it says; none of one that is no message.
        model_id: of the network behind its vectors.
        is_last: it says that nothing will follow of these cameras.
    """

    id: bytes
    message: bytes
    is_event: bool
    worker: str
    reason: str
    size: int
    sent: str
    cameras: tuple[str, ...]
    model_id: str
    is_last: bool

    @property
    def written_s(self) -> float:
        """By the clock of Redis, seconds since the epoch."""
        return written_s(self.id)


def letters(store: SiteStore) -> Iterator[DeadLetter]:
    """All that lie there now, the oldest first; those that are added meanwhile are left out."""
    left, after = store.length(DEAD_LETTERS), None
    while left > 0 and (entries := store.entries(DEAD_LETTERS, min(PAGE, left), after=after)):
        for after, fields in entries:
            yield _letter(after, fields)
        left -= len(entries)


def play_again(store: SiteStore, *, now_s: float) -> int:
    """Puts every letter back where it came from, in order; what is still unusable becomes a letter once more.

    Cameras for which no worker speaks are closed behind what is played of them, so that nobody waits for them.

    Args:
        now_s: seconds since the epoch.
    """
    count, open_cameras = 0, dict[str, str]()
    for letter in letters(store):
        count += store.run(PLAY_LETTER, [], [letter.id, _sent_now(letter, now_s)])
        for camera in letter.cameras:
            open_cameras.pop(camera, None)
            if not letter.is_last:
                open_cameras[camera] = letter.model_id
    for camera, model_id in open_cameras.items():
        close_silent(store, [camera], model_id, now_s=now_s)
    return count


def drop_all(store: SiteStore) -> int:
    """Deletes every letter, and says how many there were."""
    return int(store.run(DROP_LETTERS, [], []))


def _sent_now(letter: DeadLetter, now_s: float) -> str:
    """As if the message was written now, by a clock that is as far off as the worker's was: to have waited is no fault
    of a clock.
    """
    try:
        return repr(now_s + float(letter.sent) - written_s(letter.message))
    except ValueError:
        return letter.sent


def _letter(letter_id: bytes, fields: dict[bytes, bytes]) -> DeadLetter:
    text = {name.decode(): value.decode(errors="replace") for name, value in fields.items() if name != b"vectors"}
    head = _head(fields.get(b"head", b""))
    return DeadLetter(
        id=letter_id,
        message=fields.get(b"id", b"0-0"),
        is_event=b"event" in fields,
        worker=text.get("worker", ""),
        reason=text.get("reason", ""),
        size=sum(map(len, fields.values())),
        sent=text.get("sent", ""),
        cameras=head.cameras,
        model_id=head.model_id,
        is_last=head.progress == "closed",
    )


class _Head(BaseModel):
    """What of a head has to be known here; anybody may have written it."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())
    cameras: tuple[Name, ...] = ()
    model_id: str = ""
    progress: str = ""


def _head(content: bytes) -> _Head:
    try:
        return _Head.model_validate_json(content)
    except ValidationError:
        return _Head()
