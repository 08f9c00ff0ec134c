"""`reid-pipeline erase`, with and without a matcher that decides."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from passerby_events.schema import event_from
from pipeline.cli import main
from pipeline.store.client import SiteStore
from pipeline.store.erasure_requests import audit
from pipeline.store.keys import OUTBOX, REQUESTS
from pipeline.store.lease import acquire
from testing.redis_desk import RedisDesk
from testing.sightings import about, ends_at, of, somebody
from testing.sightings import somebody as seen_first_in
from testing.site.room import Room, write
from testing.waiting import until

Erases = Callable[..., int]


@pytest.fixture
def erases(store: SiteStore, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Erases:
    """The command at the site of this test."""
    monkeypatch.setenv("REDIS_URL", redis_url)

    def run(person: UUID | str, *flags: str) -> int:
        return main(["erase", "--site", store.site, "--person", str(person), *flags])

    return run


@pytest.fixture
def left_behind(store: SiteStore) -> SiteStore:
    """A site that a matcher has left: two tracks of one person, one of another, and an event that waits."""
    desk = RedisDesk(store)
    desk.gallery.commit([of(1, 1), of(2, 1), of(3, 3)], [about(2, 1)], ends_at(20.0))
    desk.lease.release()
    return store


def test_without_a_matcher_the_command_erases_and_leaves_the_lease(
    erases: Erases, left_behind: SiteStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert erases(somebody(1)) == 0
    reported = capsys.readouterr()
    assert reported.out.startswith(
        f"erased {somebody(1)}: 2 tracks, 1 event that had not been delivered; consumers are told when a matcher "
        "delivers it (request "
    )
    assert reported.out.count("\n") == 1
    assert [event_from(fields[b"event"]).kind for _, fields in left_behind.entries(OUTBOX, 10)] == ["person.erased"]
    assert acquire(left_behind, 1.0) is not None


def test_a_matcher_that_decides_does_it(erases: Erases, store: SiteStore, capsys: pytest.CaptureFixture[str]) -> None:
    write(store, 1, 2)
    room = Room(store).start()
    until(lambda: len(room.sink.events) == 4)
    assert erases(seen_first_in(1)) == 0
    assert "1 track, 0 events that had not been delivered; consumers are told now" in capsys.readouterr().out
    until(lambda: len(room.sink.erasures) == 1)
    assert erases(seen_first_in(1)) == 0
    assert f"{seen_first_in(1)} was erased before, nothing was left" in capsys.readouterr().out
    room.stop()


def test_a_matcher_that_dies_is_stood_in_for_when_its_lease_has_ended(erases: Erases, left_behind: SiteStore) -> None:
    assert acquire(left_behind, 1.0) is not None
    assert erases(somebody(1)) == 0


def test_an_id_that_nobody_has_is_one_line_and_exit_code_1(
    erases: Erases, left_behind: SiteStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert erases(somebody(9)) == 1
    reported = capsys.readouterr()
    assert reported.out == ""
    assert reported.err == (
        f"reid-pipeline: nobody at the site {left_behind.site} has the id {somebody(9)}: forgotten since, or never "
        "there; --forgotten tells consumers all the same\n"
    )
    assert erases(somebody(9), "--forgotten") == 0
    assert f"nothing was left of {somebody(9)}; consumers are told" in capsys.readouterr().out


@pytest.mark.parametrize("person", ["", "door/r/1", "123", "g" * 200])
def test_what_is_no_id_is_misuse(person: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["erase", "--person", person]) == 2
    reported = capsys.readouterr().err
    assert reported.startswith("reid-pipeline: --person: expected an id as events have it (a UUID), found '")
    assert reported.count("\n") == 1
    assert len(reported) < 250


def test_a_site_that_cannot_be_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["erase", "--site", "a}b", "--audit"]) == 2
    assert "--site: name: " in capsys.readouterr().err


def test_nobody_named_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["erase"]) == 2
    assert "--person: expected an id as events have it (a UUID), found none" in capsys.readouterr().err


def test_no_answer_in_time_leaves_the_request_to_the_matcher(
    erases: Erases, left_behind: SiteStore, capsys: pytest.CaptureFixture[str]
) -> None:
    lease = acquire(left_behind, 60.0)
    assert lease is not None
    assert erases(somebody(1), "--wait", "0.2") == 1
    assert "waits, not carried out so far; `reid-pipeline erase --audit` shows when it is" in capsys.readouterr().err
    assert left_behind.length(REQUESTS) == 1
    lease.release()
    assert erases(somebody(1)) == 0
    assert [entry.outcome for _, entry in audit(left_behind)] == ["erased", "already"]


def test_the_audit_is_printed_whole_or_for_one_person(
    erases: Erases, left_behind: SiteStore, capsys: pytest.CaptureFixture[str]
) -> None:
    for person in (1, 9, 3):
        erases(somebody(person))
    capsys.readouterr()
    assert main(["erase", "--site", left_behind.site, "--audit"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["person"], line["outcome"], line["tracks"], line["events"]) for line in lines] == [
        (str(somebody(1)), "erased", 2, 1),
        (str(somebody(9)), "unknown", 0, 0),
        (str(somebody(3)), "erased", 1, 0),
    ]
    assert set(lines[0]) == {"at", "request", "person", "outcome", "tracks", "events", "ids", "into"}
    assert erases(somebody(3), "--audit") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_site_by_its_configuration(
    left_behind: SiteStore, redis_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(
        f"cameras: [{{name: door, source: door.mp4}}]\nsite: {{name: {left_behind.site}}}\n"
        f"redis: {{url: '{redis_url}'}}\nmatching: {{retention: {{keep_s: 77}}}}\n",
        encoding="utf-8",
    )
    assert main(["erase", str(path), "--person", str(somebody(1))]) == 0
    assert capsys.readouterr().out.startswith(f"erased {somebody(1)}: ")
    assert main(["erase", str(tmp_path / "none.yaml"), "--person", str(somebody(1))]) == 2


def test_several_at_once_are_answered_each(left_behind: SiteStore, erases: Erases) -> None:
    codes: list[int] = []
    threads = [threading.Thread(target=lambda p=person: codes.append(erases(somebody(p)))) for person in (1, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert codes == [0, 0]
    assert {entry.person for _, entry in audit(left_behind)} == {somebody(1), somebody(3)}
