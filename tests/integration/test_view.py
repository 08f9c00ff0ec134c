"""The pages of the view as people see them: a real browser, a real matcher, a real Redis."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from pipeline.config_view import ViewConfig
from pipeline.store.client import SiteStore
from testing.view.browser import chromium, page_of
from testing.view.viewed_site import BLUE, ORANGE, RED, ViewedSite, jpeg_of, person
from testing.waiting import until

OPERATOR = "to-look-and-to-decide"
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def shop(store: SiteStore, tmp_path: Path) -> Iterator[ViewedSite]:
    with ViewedSite(store, tmp_path) as shop:
        yield shop


def open_page(page: Page, shop: ViewedSite, path: str) -> None:
    page.goto(f"{shop.server.address}#/{path}")
    expect(page.locator("h1")).to_be_visible()


def test_somebody_who_walks_through_two_cameras_has_one_colour_one_timeline_and_one_match_with_its_reasons(
    browser: Browser, shop: ViewedSite
) -> None:
    shop.sees("door", 1, RED)
    shop.sees("door", 2, ORANGE)
    shop.sees("yard", 1, RED)
    with page_of(browser) as page:
        open_page(page, shop, "people")
        rows = page.locator(".person-row")
        expect(rows).to_have_count(2)
        walker = rows.filter(has=page.locator(".stay", has_text="yard"))
        expect(walker).to_have_count(1)
        assert walker.locator(".stay b").all_inner_texts() == ["door", "yard"]
        colour = walker.get_attribute("data-colour")
        walker.click()
        expect(page.locator(".sightings li")).to_have_count(2)
        assert page.locator("h1 .dot").get_attribute("style") == f"--person: {colour};"
        crops = page.locator(".sightings .crop")
        assert {crop.get_attribute("style") for crop in crops.all()} == {f"--person: {colour};"}
        page.locator(".decided a", has_text="recognised at").click()
        because = page.locator(".because")
        expect(because).to_have_text(
            re.compile(
                r"^Similarity [01]\.\d{3}, 0\.\d{3} above the 0\.700 that was demanded\. The next person who was"
            )
        )
        expect(page.locator(".runners li small")).to_have_text(
            re.compile(r"^0\.\d{3} less similar: -?0\.\d{3} against")
        )
        page.goto(f"{shop.server.address}#/matches")
        expect(page.locator(".decision-row")).to_have_count(1)


def test_frames_have_boxes_in_the_colour_of_their_person_and_a_camera_that_dies_says_so(
    browser: Browser, shop: ViewedSite
) -> None:
    shop.sees("door", 1, RED, ends=False)
    with page_of(browser) as page:
        open_page(page, shop, "wall")
        until(lambda: shop.desk.wanted() == {"door", "yard"}, "both cameras to be wanted")
        shop.shows("door", 1, {1: (0.1, 0.2, 0.3, 0.9)})
        door = page.locator(".tile[data-camera=door]")
        box = door.locator(".boxes rect")
        expect(box).to_have_count(1)
        colour = door.locator(".present .dot").get_attribute("style")
        assert box.get_attribute("style") == colour
        expect(door.locator(".state")).to_have_text("streaming")
        expect(door.locator(".warn")).to_have_text("dropped late 7")
        shop.reports({"door": "failed", "yard": "streaming"})
        expect(door.locator(".state")).to_have_text("failed")
        expect(page.locator(".tile[data-camera=yard] .state")).to_have_text("streaming")


def test_without_images_none_is_asked_for(browser: Browser, store: SiteStore, tmp_path: Path) -> None:
    with ViewedSite(store, tmp_path, ViewConfig(port=0)) as shop, page_of(browser) as page:
        shop.sees("door", 1, RED, ends=False)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        open_page(page, shop, "wall")
        expect(page.locator(".tile[data-camera=door] .chip")).to_be_visible()
        expect(page.get_by_text("This site keeps no pictures")).to_be_visible()
        open_page(page, shop, "people")
        expect(page.locator(".person-row")).to_have_count(1)
        assert page.locator("img").count() == 0
        assert not [url for url in asked if ".jpg" in url]


def test_a_wrong_token_sees_nothing_and_a_right_one_all(browser: Browser, store: SiteStore, tmp_path: Path) -> None:
    view = ViewConfig.model_validate({"port": 0, "operator_token": OPERATOR})
    with ViewedSite(store, tmp_path, view) as shop, page_of(browser) as page:
        shop.sees("door", 1, RED)
        page.goto(shop.server.address)
        for token in ("wrong-but-long-enough", OPERATOR):
            expect(page.get_by_label("Token")).to_be_visible()
            assert "door" not in page.content()
            page.get_by_label("Token").fill(token)
            page.get_by_role("button", name="Enter").click()
        expect(page.locator(".tile[data-camera=door]")).to_be_visible()


def test_a_verdict_is_kept_and_parts_two_people(browser: Browser, shop: ViewedSite) -> None:
    shop.sees("door", 1, RED)
    shop.sees("yard", 1, RED)
    with page_of(browser) as page:
        open_page(page, shop, "matches")
        page.locator(".decision-row").click()
        page.get_by_role("button", name="Not the same").click()
        expect(page.locator(".verdict .said")).to_contain_text("Kept: not the same person")
        shop.waits()
        until(lambda: "person.split" in [event.kind for event in shop.sink.events], "the split to be told")
        open_page(page, shop, "people")
        expect(page.locator(".person-row")).to_have_count(2)
    assert (shop.folder / "verdicts" / "pairs.jsonl").read_text().count('"different"') == 1


def test_a_near_miss_says_why_it_is_somebody_new_and_an_operator_may_know_better(
    browser: Browser, shop: ViewedSite
) -> None:
    shop.sees("door", 1, RED)
    shop.sees("yard", 1, ORANGE)
    with page_of(browser) as page:
        open_page(page, shop, "matches")
        page.get_by_label("What").select_option("person.appeared")
        expect(page.locator(".decision-row")).to_have_count(2)
        page.locator(".decision-row").first.click()
        expect(page.locator(".because")).to_have_text(
            re.compile(r"The nearest was [0-9a-f]{4}, similarity 0\.\d{3}: not similar enough\.$")
        )
        page.get_by_role("button", name="The same person as").click()
        expect(page.locator("#toast")).to_contain_text("are the same person")
        shop.waits()
        open_page(page, shop, "people")
        expect(page.locator(".person-row")).to_have_count(1)


def test_a_picture_finds_its_person(browser: Browser, shop: ViewedSite) -> None:
    shop.sees("door", 1, RED)
    shop.sees("door", 2, BLUE)
    with page_of(browser) as page:
        open_page(page, shop, "people")
        expect(page.locator(".person-row")).to_have_count(2)
        blue = page.locator(".person-row").first.get_attribute("data-person") or ""
        page.get_by_role("button", name="Search by picture").click()
        (shop.folder / "blue.jpg").write_bytes(jpeg_of(person(BLUE)))
        page.locator("#picture").set_input_files(shop.folder / "blue.jpg")
        expect(page.locator(".alike li").first.locator(".chip")).to_have_attribute("href", f"#/people/{blue}")


def test_an_erased_person_disappears_after_a_confirmation(browser: Browser, shop: ViewedSite) -> None:
    shop.sees("door", 1, RED)
    shop.sees("door", 2, BLUE)
    with page_of(browser) as page:
        open_page(page, shop, "people")
        first = page.locator(".person-row").first
        name = (first.get_attribute("data-person") or "")[:4]
        first.click()
        page.get_by_role("button", name="Erase").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Erase").click()
        expect(dialog.locator(".said")).to_have_text(f"Write {name} to confirm.")
        dialog.get_by_label("to confirm").fill(name)
        dialog.get_by_role("button", name="Erase").click()
        expect(page.locator(".person-row")).to_have_count(1)
        expect(page.locator("#toast")).to_contain_text(f"Erased {name}: 1 sighting")
        open_page(page, shop, "health")
        expect(page.locator(".audit li")).to_have_count(1)


@pytest.mark.parametrize("size", SIZES)
def test_nothing_serious_keeps_anybody_from_using_the_pages(browser: Browser, shop: ViewedSite, size: str) -> None:
    """By axe-core, in the dark on a phone, in the light on a desktop."""
    shop.sees("door", 1, RED)
    shop.sees("door", 2, ORANGE)
    shop.sees("yard", 1, RED, ends=False)
    width, height = SIZES[size]
    with page_of(browser, width=width, height=height, dark=size == "phone") as page:
        open_page(page, shop, "people")
        expect(page.locator(".person-row")).to_have_count(2)
        someone = page.locator(".person-row").first.get_attribute("data-person")
        open_page(page, shop, "matches")
        decision = page.locator(".decision-row").first.get_attribute("data-decision")
        for path in ("wall", "people", f"people/{someone}", "matches", f"matches/{decision}", "health"):
            open_page(page, shop, path)
            page.wait_for_timeout(300)
            found = Axe().run(page).response["violations"]
            serious = [
                (path, each["id"], each["nodes"][0]["html"][:200])
                for each in found
                if each["impact"] in ("serious", "critical")
            ]
            assert serious == []
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{path} is {wide} px wider than the window"


def test_the_pages_can_be_used_with_the_keyboard_alone(browser: Browser, shop: ViewedSite) -> None:
    shop.sees("door", 1, RED)
    with page_of(browser) as page:
        open_page(page, shop, "people")
        expect(page.locator(".person-row")).to_have_count(1)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        for _ in range(60):  # fields of dates have seven places each
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.className") == "person-row":
                break
        page.keyboard.press("Enter")
        expect(page.locator(".sightings li")).to_have_count(1)
