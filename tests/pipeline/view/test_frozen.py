"""The report of a run: the pages of the view, frozen, opened from a folder in a real browser."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from passerby_events.schema import Event
from passerby_events.tracks import TrackKey
from pipeline.output.thumbnails import thumbnail_path
from pipeline.view.alike import VectorShelf
from pipeline.view.frozen import CameraSummary, ReportError, RunSummary, Video, add_score, write_report
from testing.events import a_match, a_merge, an_appearance, an_end, an_erasure
from testing.view.browser import chromium, page_of
from testing.view.long_run import long_run
from testing.view.viewed_site import RED, jpeg_of, person

SUMMARY = RunSummary(
    "yard",
    (CameraSummary("door", 120, 3, 2, 2, {"edge": 1}), CameraSummary("hall", 1100, 5, 4, 4, {"too_short": 1})),
    took_s=12.3,
)
ODD = "</script><b>1</b>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def data_of(path: Path) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', path.read_text(), re.DOTALL)
    assert found
    return json.loads(found[1])


def written(folder: Path, events: list[Event], summary: RunSummary = SUMMARY, **options: Any) -> Path:
    path = folder / "report.html"
    write_report(path, events, summary, **options)
    return path


def test_a_similarity_is_called_so_and_so_is_how_much_less_it_is(browser: Browser, tmp_path: Path) -> None:
    path = written(tmp_path, list(long_run(20)))
    with page_of(browser) as page:
        page.goto(path.as_uri() + "#/matches")
        expect(page.locator(".decision-row")).to_have_count(16)
        page.locator(".decision-row").first.click()
        expect(page.locator(".because")).to_have_text(
            "Similarity 0.813, 0.313 above the 0.500 that was demanded. The next person who was possible is 0.125 "
            "behind."
        )
        expect(page.locator(".runners small")).to_have_text("from door to hall in 2.0 s, at least 5.0 s needed")
        page.goto(path.as_uri() + "#/matches")
        page.locator(".decision-row").nth(1).click()
        expect(page.locator(".runners small")).to_have_text("0.125 less similar: 0.688 against 0.812")


def test_tracks_that_were_not_encoded_are_owned_up_to(browser: Browser, tmp_path: Path) -> None:
    path = written(tmp_path, list(long_run(20)))
    with page_of(browser) as page:
        page.goto(path.as_uri() + "#/people")
        expect(page.locator("main > .note")).to_have_text(
            "1,220 frames gave 8 tracks; 6 of them were encoded, 6 have a name, and 0 are of people whom several "
            "cameras saw. 2 were not encoded, and stand nowhere below: edge 1, too short 1."
        )


def test_a_track_that_never_ended_has_its_image_and_its_moment_in_the_video(browser: Browser, tmp_path: Path) -> None:
    events: list[Event] = [an_appearance(3), a_match(7)]  # neither track ended
    for camera, track, index in (("door", 3, 1), ("yard", 7, 0)):
        image = thumbnail_path(tmp_path / "thumbnails", TrackKey(camera, "r1", track), index)
        image.parent.mkdir(parents=True)
        image.write_bytes(jpeg_of(person(RED)))
    summary = RunSummary("yard", (), 1.0, videos={"door": Video("videos/door.mp4", 2.0)})
    path = written(tmp_path, events, summary, thumbnails=tmp_path / "thumbnails")
    assert set(data_of(path)["crops"]) == {"door/r1/3", "yard/r1/7"}
    with page_of(browser) as page:
        page.goto(path.as_uri() + "#/matches")
        page.locator(".decision-row").click()
        expect(page.locator(".side img")).to_have_count(2)
        assert page.locator(".side img").first.evaluate("image => image.complete && image.naturalWidth") == 64
        assert page.locator(".side video").get_attribute("src") == "videos/door.mp4#t=3.0"


def test_the_page_needs_nothing_from_elsewhere_and_takes_no_text_for_markup(browser: Browser, tmp_path: Path) -> None:
    path = written(tmp_path, list(long_run(5)), RunSummary(ODD, (), 1.0))
    assert not re.search(r"""(src|href)=["']?(https?:)?//|@import|url\(""", path.read_text())
    with page_of(browser) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        expect(page.locator("#site-name")).to_have_text(ODD)
        assert [url.partition("#")[0] for url in asked] == [path.as_uri()]


def test_an_erased_person_is_not_in_it(tmp_path: Path) -> None:
    erased = an_erasure()
    path = written(tmp_path, [an_appearance(3), a_match(7), an_end(7), erased])
    assert str(erased.person) not in path.read_text()


def test_who_was_merged_away_is_still_named_where_it_was_decided(browser: Browser, tmp_path: Path) -> None:
    merge = a_merge(7)
    path = written(tmp_path, [an_appearance(3), a_match(7, person=merge.other), merge])
    data = data_of(path)
    assert [line["id"] for line in data["persons"]] == [str(merge.person)]
    assert data["gone"][str(merge.other)]["name"] == merge.other.hex[:4]
    with page_of(browser) as page:
        page.goto(path.as_uri() + f"#/matches/{merge.event_id}")
        expect(page.locator(".because")).to_contain_text(f"of {merge.other.hex[:4]} turned out to be")


def test_who_looks_alike_is_in_it(tmp_path: Path) -> None:
    shelf = VectorShelf()
    tracks = {TrackKey(c, "r", t): np.array([1.0, 0.1 * t, 0]) for t, c in ((0, "door"), (5, "hall"), (10, "yard"))}
    shelf.put(tracks)
    path = written(tmp_path, list(long_run(15)), RunSummary("yard", (), 1.0, shelf=shelf))
    data = data_of(path)
    number = {line["number"]: line["id"] for line in data["persons"]}
    assert [other for other, _ in data["alike"][number[0]]] == [number[1], number[2]]


def test_a_score_is_put_into_a_report_that_is_there(browser: Browser, tmp_path: Path) -> None:
    path = written(tmp_path, list(long_run(5)))
    add_score(path, [{"camera": "across cameras", "IDF1": "93.2%"}], ["wrong match: 3 boxes, 100.0%"])
    with page_of(browser) as page:
        page.goto(path.as_uri() + "#/health")
        expect(page.get_by_role("row", name="across cameras 93.2%")).to_be_visible()
        expect(page.locator(".causes")).to_have_text("wrong match: 3 boxes, 100.0%")


def test_twenty_thousand_tracks_are_as_few_rows_as_are_seen(browser: Browser, tmp_path: Path) -> None:
    path = written(tmp_path, list(long_run(20_000)))
    with page_of(browser, width=390, height=844) as page:
        page.goto(path.as_uri() + "#/people")
        expect(page.locator(".total")).to_have_text("4,000 people")
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        expect(page.locator("[aria-posinset='4000']")).to_be_visible()
        assert page.locator(".person-row").count() < 40
        page.evaluate("location.hash = '#/matches'")
        expect(page.locator(".total")).to_have_text("16,000 decisions")
        assert page.locator(".decision-row").count() < 40


def test_it_is_the_same_without_anybody(browser: Browser, tmp_path: Path) -> None:
    path = written(tmp_path, [])
    with page_of(browser) as page:
        for name in ("wall", "people", "matches", "health"):
            page.goto(path.as_uri() + f"#/{name}")
            expect(page.locator("h1")).to_be_visible()


def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match=r"expected to write a report to .*: .*; name another folder"):
        write_report(tmp_path / "file" / "report.html", [], SUMMARY)
