"""One round of crashes: two workers and two matchers at work, and what falls at random moments of the work.

Killed (SIGKILL) are a worker, either matcher, redis-server and the broker; frozen (SIGSTOP) is the matcher that
decides, past its lease, and then thawed while the other decides. Whatever was killed is started again, as a supervisor
of processes does; the round is over when workers and matchers have ended well.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Literal, Protocol
from uuid import UUID

from passerby_events.brokers import Brokers
from passerby_events.consumer import EventConsumer
from passerby_events.dead_letters import DeadLetter
from passerby_events.reducing import fold
from passerby_events.schema import Event, IdentityEvent, event_from
from pipeline.store.site_matcher import LEADING
from testing.services.kafka import KafkaBroker
from testing.services.kafka_topics import messages_at
from testing.services.redis import RedisServer
from testing.site.watched import Watched
from testing.waiting import until

Fall = Literal["worker", "matcher", "redis", "broker", "freeze"]
KILLS: tuple[Fall, ...] = ("worker", "matcher", "redis", "broker")
KINDS: tuple[Fall, ...] = (*KILLS, "freeze")
REFUSED = "this one stands by"
"""What a matcher says whose token is no longer that of the lease."""
ENDS_WITHIN_S = 300.0
TAKES_OVER_WITHIN_S = 120.0
LAST_FALL = 0.7
"""Nothing falls later in the work than this share of it, so that there is always something left to lose."""


class SiteOfProcesses(Protocol):
    """How the processes of a site are started; each call starts one more."""

    @property
    def cameras(self) -> Sequence[str]: ...

    def worker(self, camera: str) -> Watched: ...

    def matcher(self) -> Watched: ...

    def share_decided(self) -> float:
        """How much of all that the workers have is decided, from 0 to 1."""


def plan(chance: Random, surplus: int = 2) -> list[Fall]:
    """What falls in a round, in order: each kind once, and some kills more."""
    falls = [*KINDS, *chance.choices(KILLS, k=surplus)]
    chance.shuffle(falls)
    return falls


class CrashRound:
    """One round; used once.

    Attributes:
        falls: what has fallen, and how often.
        refusals: how often a thawed matcher was told that it decides no more, and stood by.
    """

    def __init__(self, site: SiteOfProcesses, redis: RedisServer, broker: KafkaBroker, chance: Random) -> None:
        self.falls: Counter[Fall] = Counter()
        self.refusals = 0
        self._site = site
        self._redis = redis
        self._broker = broker
        self._chance = chance
        self._revival: Future[None] | None = None

    def play(self, falls: Sequence[Fall]) -> None:
        """Returns when all has fallen that was to fall, and everybody has ended well.

        Raises:
            AssertionError: if a process ended badly, or not in time.
        """
        self._workers = {camera: self._site.worker(camera) for camera in self._site.cameras}
        self._matchers = [self._site.matcher(), self._site.matcher()]
        moments = sorted(self._chance.uniform(0.0, LAST_FALL) for _ in falls)
        with ThreadPoolExecutor(1) as revivals:
            for fall, moment in zip(falls, moments, strict=True):
                until(
                    partial(self._has_come_to, moment),
                    f"{moment:.0%} decided, {self._read_output()}",
                    within_s=ENDS_WITHIN_S,
                )
                time.sleep(self._chance.uniform(0.0, 0.2))
                if self._let_fall(fall, revivals):
                    self.falls[fall] += 1
            if self._revival:
                self._revival.result()
        self._hear_out()

    def _has_come_to(self, moment: float) -> bool:
        if self._revival and self._revival.done():
            self._revival.result()
        return self._site.share_decided() >= moment

    def _let_fall(self, fall: Fall, revivals: ThreadPoolExecutor) -> bool:
        """Returns whether there was anything left to fall."""
        match fall:
            case "worker":
                return self._kill_worker()
            case "matcher":
                return self._kill_matcher()
            case "redis":
                self._redis.kill()
                time.sleep(self._chance.uniform(0.0, 0.5))
                self._redis.start()
            case "broker":
                self._kill_broker(revivals)
            case "freeze":
                return self._freeze_who_decides()
        return True

    def _kill_worker(self) -> bool:
        at_work = [camera for camera, worker in self._workers.items() if not worker.has_ended()]
        if not at_work:
            return False
        camera = self._chance.choice(at_work)
        self._workers[camera].kill()
        self._workers[camera] = self._site.worker(camera)
        return True

    def _kill_matcher(self) -> bool:
        """Either: the one that decides, or the one that stands by."""
        at_work = [number for number, matcher in enumerate(self._matchers) if not matcher.has_ended()]
        if not at_work:
            return False
        number = self._chance.choice(at_work)
        self._matchers[number].kill()
        self._matchers[number] = self._site.matcher()
        return True

    def _kill_broker(self, revivals: ThreadPoolExecutor) -> None:
        """It takes seconds to start again; meanwhile the others fall."""
        if self._revival:
            self._revival.result()
        self._broker.kill()
        pause_s = self._chance.uniform(0.0, 1.0)

        def revive() -> None:
            time.sleep(pause_s)
            self._broker.start()

        self._revival = revivals.submit(revive)

    def _freeze_who_decides(self) -> bool:
        """Until the other has taken over; then it wakes up, is refused, and stands by."""
        frozen = until(self._who_decides, "somebody decides", within_s=TAKES_OVER_WITHIN_S)
        if frozen.process.poll() is not None:
            return False
        frozen.freeze()
        others = [matcher for matcher in self._matchers if matcher is not frozen]
        refused = frozen.read_output().count(REFUSED)
        until(
            lambda: any(_decides_or_is_done(other) for other in others),
            "the other takes over",
            within_s=TAKES_OVER_WITHIN_S,
        )
        frozen.thaw()
        until(
            lambda: frozen.read_output().count(REFUSED) > refused or frozen.has_ended(),
            "the thawed one is refused",
            within_s=TAKES_OVER_WITHIN_S,
        )
        self.refusals += frozen.read_output().count(REFUSED) - refused
        return True

    def _who_decides(self) -> Watched | None:
        """The matcher that decides; any, if all have ended."""
        alive = [matcher for matcher in self._matchers if not matcher.has_ended()]
        if not alive:
            return self._matchers[0]
        return next((matcher for matcher in alive if matcher.state("matcher") == LEADING), None)

    def _hear_out(self) -> None:
        """A worker that was killed after its last word plays everything once more, and a matcher has to hear it out."""
        ends_s = time.monotonic() + ENDS_WITHIN_S
        while not all(worker.has_ended() for worker in self._workers.values()):
            assert time.monotonic() < ends_s, f"workers do not end: {self._read_output()}"
            if all(matcher.has_ended() for matcher in self._matchers):
                self._matchers.append(self._site.matcher())
            time.sleep(0.05)
        for matcher in self._matchers:
            matcher.ends_well(ENDS_WITHIN_S)

    def _read_output(self) -> str:
        return "\n".join(process.read_output()[-1000:] for process in (*self._workers.values(), *self._matchers))


@dataclass(frozen=True, slots=True)
class Tally:
    """What reached Kafka, beside what an undisturbed run gives.

    Attributes:
        expected: events of the undisturbed run.
        messages: in the topic.
        duplicates: messages among them whose event stands there already, under the same key. (A merge or split stands
            under the keys of both persons.)
        lost: events that are expected and not there.
        changed: events that nobody expected, or that say something else than expected.
        consumed_once: an `EventConsumer` handed out each expected event once, and nothing else.
        same_persons: folded, the events say the same person for every track.
    """

    expected: int
    messages: int
    duplicates: int
    lost: int
    changed: int
    consumed_once: bool
    same_persons: bool

    def is_clean(self) -> bool:
        return not self.lost and not self.changed and self.consumed_once and self.same_persons


def tally(brokers: Brokers, topic: str, expected: Mapping[UUID, IdentityEvent]) -> Tally:
    """Reads a topic to its end, once as it is and once as consumers do."""
    messages = [(message.key, event_from(message.value)) for message in messages_at(brokers, topic)]
    found = {event.event_id for _, event in messages}
    consumed = consume(brokers, topic)
    return Tally(
        expected=len(expected),
        messages=len(messages),
        duplicates=len(messages) - len({(key, event.event_id) for key, event in messages}),
        lost=len(expected.keys() - found),
        changed=len({event.event_id for _, event in messages if not _is_as_expected(event, expected)}),
        consumed_once=sorted(event.event_id for event in consumed) == sorted(expected),
        same_persons=fold(consumed).persons_by_track == fold(expected.values()).persons_by_track,
    )


def consume(brokers: Brokers, topic: str) -> list[IdentityEvent]:
    """What a consumer makes of a topic; a letter that is no event fails."""
    with EventConsumer(brokers, topic, group=None, dead_letter=_refuse, idle_s=1.5) as events:
        return [event for event in events if event.kind != "person.erased"]


def _decides_or_is_done(matcher: Watched) -> bool:
    return matcher.has_ended() or matcher.state("matcher") == LEADING


def _is_as_expected(event: Event, expected: Mapping[UUID, IdentityEvent]) -> bool:
    known = expected.get(event.event_id)
    return known is not None and known.model_dump_json() == event.model_dump_json()


def _refuse(letter: DeadLetter) -> None:
    raise AssertionError(str(letter))
