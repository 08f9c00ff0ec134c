"""The pages of the view as people see them: a real browser before the simulated shop, its processes and a real Redis.

Who is who is the simulation's word. Tests that change something take people of their own, or put back what they did.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from pipeline.cli import main
from pipeline.output.mot_files import read_truth
from pipeline.view.moments import HEIGHT, MOMENTS, WIDTH
from reid_models.tracklet_folder import read_folder
from reid_models.training.cli import main as train
from testing.cameras.camera import RtspCamera
from testing.services.site_store import site_of_its_own
from testing.view.browser import chromium, page_of
from testing.view.simulated_shop import CAMERAS, FPS, OneProcess, Recording, SimulatedShop, record_shop
from testing.waiting import until

pytestmark = pytest.mark.slow

OPERATOR = "to-look-and-to-decide"
HAVE_CURRENT_DATA = 2
"""Of a video in a page."""
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def recording(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """After the browser: without one there is nothing to record for."""
    return record_shop(tmp_path_factory.mktemp("recorded"))


@pytest.fixture(scope="module")
def shop(recording: Recording, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedShop]:
    """Open to everybody here, with images."""
    view = {"images": True, "frame_fps": 10}
    with (
        site_of_its_own(redis_url) as store,
        SimulatedShop(recording, store, redis_url, tmp_path_factory.mktemp("shop"), view) as shop,
    ):
        yield shop


@pytest.fixture(scope="module")
def closed_shop(
    recording: Recording, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SimulatedShop]:
    """The same people, where nobody's image is shown or kept, and who looks must say a token."""
    view = {"images": False, "operator_token": OPERATOR}
    with (
        site_of_its_own(redis_url) as store,
        SimulatedShop(recording, store, redis_url, tmp_path_factory.mktemp("closed"), view) as shop,
    ):
        yield shop


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with page_of(browser) as page:
        yield page


def open_page(page: Page, shop: SimulatedShop, path: str) -> None:
    page.goto(f"{shop.address}#/{path}")
    expect(page.locator("h1")).to_be_visible()


def is_right(shop: SimulatedShop, decision: dict[str, Any]) -> bool:
    """Whether the simulation says that both sides of a match are one person."""
    one, other = (shop.recording.person(decision[side]) for side in ("seen", "seen_before"))
    return one is not None and one == other


def matches(shop: SimulatedShop, true: int) -> list[dict[str, Any]]:
    """Those between the cameras, of a true person."""
    person = shop.people[true][0]["person"]["id"]
    found = shop.get(f"/decisions?kind=person.matched&person={person}")["items"]
    return [each for each in found if each["seen"]["camera"] != each["seen_before"]["camera"] and is_right(shop, each)]


def one_with_runners_up(shop: SimulatedShop) -> tuple[int, dict[str, Any]]:
    """A true person whom two cameras saw, and a match beside which somebody else was thought of."""
    return next((true, match) for true in shop.walkers() for match in matches(shop, true) if match["runners_up"])


def test_most_people_walk_through_both_cameras_under_one_name(shop: SimulatedShop) -> None:
    """What the other tests stand on."""
    both = [true for true, seen in shop.people.items() if {each["camera"] for each in seen} == set(CAMERAS)]
    assert len(both) >= 4
    assert set(shop.walkers()) == set(both)


def test_somebody_who_walks_through_two_cameras_has_one_colour_one_timeline_and_a_match_with_its_reasons(
    page: Page, shop: SimulatedShop
) -> None:
    true, match = one_with_runners_up(shop)
    person = match["person"]
    open_page(page, shop, "people")
    row = page.locator(f".person-row[data-person='{person['id']}']")
    assert row.get_attribute("data-colour") == person["colour"]
    others = page.locator(f".person-row:not([data-person='{person['id']}'])")
    assert person["colour"] not in [each.get_attribute("data-colour") for each in others.all()]
    assert row.locator(".stay b").all_inner_texts() == [each["camera"] for each in shop.people[true]]
    row.click()
    sightings = page.locator(".sightings li")
    expect(sightings).to_have_count(len(shop.people[true]))
    crops = page.locator(".sightings .crop")
    assert {crop.get_attribute("style") for crop in crops.all()} == {f"--person: {person['colour']};"}
    shown = sightings.locator("img").evaluate_all(
        "all => all.map((one) => new URL(one.src).pathname.split('/').slice(-4, -1).join('/'))"
    )
    assert {shop.recording.person(each) for each in shop.people[true] if each["id"] in shown} == {true}
    assert len(shown) == len(shop.people[true])
    page.locator(f".decided a[href='#/matches/{match['id']}']").click()
    expect(page.locator(".sides .camera")).to_have_text([match["seen_before"]["camera"], match["seen"]["camera"]])
    moments = page.locator(".sides img.moments")
    expect(moments).to_have_count(2)
    for each in moments.all():
        until(lambda each=each: each.evaluate("image => image.naturalHeight") == HEIGHT, "the moments to be there")  # type: ignore[misc]
        assert each.evaluate("image => image.naturalWidth") in [n * WIDTH for n in range(2, MOMENTS + 1)]
    expect(page.locator("#f-attention")).to_have_count(0)  # this network does not say where it looks
    expect(page.locator(".because")).to_have_text(
        re.compile(rf"^Similarity {match['similarity']:.3f}, 0\.\d{{3}} above the {match['threshold']:.3f} that was")
    )
    expect(page.locator(".numbers.wide")).to_contain_text(f"{100 * match['probability']:.0f} %probability")
    expect(page.locator(".runners li").first).to_contain_text(match["runners_up"][0]["why"])


def test_an_image_that_the_simulation_took_finds_its_person(page: Page, shop: SimulatedShop, tmp_path: Path) -> None:
    true = shop.walkers()[0]
    open_page(page, shop, "people")
    page.get_by_role("button", name="Search by picture").click()
    image = tmp_path / "somebody.jpg"
    cut_out(shop.recording, true, image)
    page.locator("#picture").set_input_files(image)
    person = shop.people[true][0]["person"]["id"]
    expect(page.locator(".alike li").first.locator(".chip")).to_have_attribute("href", f"#/people/{person}")


def cut_out(recording: Recording, true: int, path: Path) -> None:
    """Somebody's largest true box in the hall, cut out of its frame."""
    truth = read_truth(recording.folder / "truth" / "hall.txt")
    sides = truth.boxes[:, 2:] - truth.boxes[:, :2]
    largest = int(np.where(truth.ids == true, sides.prod(axis=1), 0).argmax())
    video = cv2.VideoCapture(str(recording.video("hall")))
    video.set(cv2.CAP_PROP_POS_FRAMES, int(truth.frames[largest]) - 1)
    _, image = video.read()
    x1, y1, x2, y2 = truth.boxes[largest].clip(0).round().astype(int).tolist()
    assert cv2.imwrite(str(path), image[y1:y2, x1:x2])


def test_a_wrong_token_sees_nothing_and_a_right_one_all_but_pictures_where_none_are_kept(
    page: Page, closed_shop: SimulatedShop
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(closed_shop.address)
    for token in ("wrong-but-long-enough", OPERATOR):
        expect(page.get_by_label("Token")).to_be_visible()
        assert "hall" not in page.content()
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Enter").click()
    expect(page.locator(".tile[data-camera=hall]")).to_be_visible()
    expect(page.get_by_text("This site keeps no pictures")).to_be_visible()
    true, match = one_with_runners_up(closed_shop)
    somebody = closed_shop.people[true][0]
    for path in ("wall", "people", f"people/{somebody['person']['id']}", "matches", f"matches/{match['id']}", "health"):
        open_page(page, closed_shop, path)
        if path == "people":
            expect(page.locator(".person-row")).to_have_count(closed_shop.get("/persons")["total"])
        assert page.locator("img").count() == 0
    assert not [url for url in asked if ".jpg" in url]
    for client in (closed_shop.client("wrong-but-long-enough"), closed_shop.client()):
        answer = client.get(f"/sightings/{somebody['id']}/crop.jpg")
        assert (answer.status_code in (401, 404), "image" in answer.headers["content-type"]) == (True, False)


def test_a_verdict_becomes_an_event_and_a_labelled_pair_for_whoever_calibrates_or_trains(
    page: Page, shop: SimulatedShop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *others = shop.walkers()[:-1]
    for true in others:
        shop.client().post("/verdicts", json={"verdict": "same", "decision": matches(shop, true)[0]["id"]})
    match = matches(shop, first)[0]
    total = shop.get("/persons")["total"]
    open_page(page, shop, f"matches/{match['id']}")
    page.get_by_role("button", name="Not the same").click()
    expect(page.locator(".verdict .said")).to_contain_text("Kept: not the same person")
    until(lambda: shop.get("/persons")["total"] == total + 1, "the two to be parted")
    until(lambda: written(shop)[-1]["kind"] == "person.split", "that to be told")
    assert [(each["kind"], each["verdict"]) for each in written(shop)[-2:-1]] == [("verdict.given", "different")]
    labels = {each.person: each for each in read_folder(shop.out / "verdicts" / "tracklets")}
    assert len(labels) == len(others) + 2
    calibrate = ["calibrate", str(shop.out / "verdicts" / "tracklets"), "--encoder", "passerby-encoder"]
    assert main([*calibrate, "--out", str(tmp_path / "calibration.json")]) == 1
    found = f"pairs of one person in two cameras, found {len(others)}; label more persons"
    assert found in capsys.readouterr().err.replace("\n", " ")
    assert imported(shop, tmp_path / "parted") == seen_now(shop)
    page.get_by_role("button", name="Same person", exact=True).click()
    until(lambda: shop.get("/persons")["total"] == total, "the two to be one again")
    until(lambda: written(shop)[-1]["kind"] == "person.merged", "that to be told, too")
    assert imported(shop, tmp_path / "joined") == seen_now(shop)


def written(shop: SimulatedShop | OneProcess) -> list[dict[str, Any]]:
    """The events that were written."""
    return [json.loads(line) for line in (shop.out / "events.jsonl").read_text().splitlines()]


def seen_now(shop: SimulatedShop) -> dict[str, int]:
    """How many sightings each person of the view has."""
    return {each["id"]: each["sightings_count"] for each in shop.get("/persons")["items"]}


def imported(shop: SimulatedShop, folder: Path) -> dict[str, int]:
    """How many tracklets each person has for `reid-train import`."""
    videos = [word for camera in CAMERAS for word in ("--video", f"{camera}={shop.recording.video(camera)}")]
    assert train(["import", str(shop.out), str(folder), *videos]) == 0
    tracklets = Counter(each.person for each in read_folder(folder))
    with (folder / "persons.csv").open() as file:
        return {row["id"]: tracklets[int(row["person"])] for row in csv.DictReader(file)}


def test_a_near_miss_says_why_it_is_somebody_new_and_an_operator_may_know_better_and_take_it_back(
    page: Page, shop: SimulatedShop
) -> None:
    total = shop.get("/persons")["total"]
    open_page(page, shop, "matches")
    choose(page, shop, "person.appeared")
    expect(page.locator(".because")).to_have_text(
        re.compile(r"The nearest was [0-9a-f]{4}, similarity -?0\.\d{3}: not similar enough\.$")
    )
    page.get_by_role("button", name="The same person as").click()
    expect(page.locator("#toast")).to_contain_text("are the same person")
    until(lambda: shop.get("/persons")["total"] == total - 1, "the two to be one")
    open_page(page, shop, "matches")
    choose(page, shop, "person.merged")
    page.get_by_role("button", name="Not the same").click()
    until(lambda: shop.get("/persons")["total"] == total, "the two to be parted again")


def choose(page: Page, shop: SimulatedShop, kind: str) -> None:
    """Opens the newest decision of a kind."""
    page.get_by_label("What").select_option(kind)
    newest = shop.get(f"/decisions?kind={kind}")["items"][0]["id"]
    page.locator(f".decision-row[data-decision='{newest}']").click()


@pytest.mark.parametrize("size", SIZES)
def test_nothing_serious_keeps_anybody_from_using_the_pages(browser: Browser, shop: SimulatedShop, size: str) -> None:
    """By axe-core, in the dark on a phone, in the light on a desktop."""
    width, height = SIZES[size]
    true, match = one_with_runners_up(shop)
    with page_of(browser, width=width, height=height, dark=size == "phone") as page:
        person = shop.people[true][0]["person"]["id"]
        for path in ("wall", "people", f"people/{person}", "matches", f"matches/{match['id']}", "health"):
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


def test_the_pages_can_be_used_with_the_keyboard_alone(page: Page, shop: SimulatedShop) -> None:
    open_page(page, shop, "people")
    expect(page.locator(".person-row").first).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(60):  # fields of dates have seven places each
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "person-row":
            break
    page.keyboard.press("Enter")
    expect(page.locator(".sightings li").first).to_be_visible()


def test_an_erased_person_disappears_with_pictures_and_verdicts_after_a_confirmation_and_an_audit_line_stays(
    page: Page, shop: SimulatedShop
) -> None:
    true = shop.walkers()[-1]
    sightings = shop.people[true]
    person = sightings[0]["person"]
    crops = [f"/sightings/{each['id']}/crop.jpg" for each in sightings]
    shop.client().post("/verdicts", json={"verdict": "same", "decision": matches(shop, true)[0]["id"]})
    assert {shop.client().get(crop).headers["content-type"] for crop in crops} == {"image/jpeg"}
    open_page(page, shop, f"people/{person['id']}")
    page.get_by_role("button", name="Erase").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Erase").click()
    expect(dialog.locator(".said")).to_have_text(f"Write {person['name']} to confirm.")
    dialog.get_by_label("to confirm").fill(person["name"])
    dialog.get_by_role("button", name="Erase").click()
    expect(page.locator("#toast")).to_contain_text(f"Erased {person['name']}: {len(sightings)} sighting")
    expect(page.locator(".person-row").first).to_be_visible()
    expect(page.locator(f".person-row[data-person='{person['id']}']")).to_have_count(0)
    assert {shop.client().get(crop).status_code for crop in crops} == {404}
    assert sightings[0]["id"] not in (shop.out / "verdicts" / "pairs.jsonl").read_text()
    open_page(page, shop, "health")
    expect(page.locator(".audit li")).to_contain_text([person["id"][:8]])


@pytest.mark.rtsp
def test_boxes_on_the_wall_have_the_colour_of_their_person_and_a_camera_that_dies_says_so(
    page: Page, shop: SimulatedShop, tmp_path: Path, start_camera: Callable[..., RtspCamera]
) -> None:
    cameras = {
        name: start_camera("--fps", str(FPS), "--images", shop.recording.images(name, tmp_path)) for name in CAMERAS
    }
    worker = shop.live_worker({name: camera.url() for name, camera in cameras.items()})
    until(worker.is_ready, "both cameras to stream")
    open_page(page, shop, "wall")
    named = page.locator(".tile .boxes rect[data-person]:not([data-person=''])").first
    expect(named).to_be_attached()
    colour = until(lambda: colour_on_the_wall(page), "somebody with a name")
    assert colour["style"] == f"--person: {shop.get('/persons/' + colour['person'])['colour']};"
    cameras["hall"].kill()
    dead, alive = (page.locator(f".tile[data-camera={name}] .state") for name in ("hall", "entrance"))
    expect(dead).to_have_text("retrying")
    expect(page.locator(".tile[data-camera=hall]")).to_have_class(re.compile("is-dead"))
    expect(alive).to_have_text("streaming")


@pytest.mark.rtsp
def test_a_run_without_redis_shows_recorded_moments_and_erases_too(
    page: Page, recording: Recording, tmp_path: Path, start_camera: Callable[..., RtspCamera]
) -> None:
    camera = start_camera("--fps", str(FPS), "--images", recording.images("hall", tmp_path))
    with OneProcess(recording, {"hall": camera.url()}, tmp_path, "--videos") as run:
        page.goto(f"{run.address}#/matches?kind=person.appeared")
        page.locator(".decision-row").first.click()
        has_the_moment(page.locator(".side video"), run)
        page.goto(f"{run.address}#/people")
        page.locator(".person-row").first.click()
        expect(page.locator("h1")).to_contain_text("Person ")
        name = page.url.rpartition("/")[2][:4]
        page.get_by_role("button", name="Erase").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("to confirm").fill(name)
        dialog.get_by_role("button", name="Erase").click()
        expect(page.locator("#toast")).to_contain_text(f"Erased {name}: ")
        expect(page.locator("h1")).to_have_text("People")
        expect(page.locator(".person-row b", has_text=name)).to_have_count(0)
        run.ends()
    erased = next(each for each in written(run) if each["kind"] == "person.erased")
    assert erased["person"].startswith(name)
    tracks = [each["seen"] for each in written(run) if "seen" in each and each["person"] == erased["person"]]
    kept = {path.name for path in (run.out / "thumbnails" / "hall").iterdir()}
    assert tracks
    assert kept
    assert not [name for name in kept if name.startswith(f"{tracks[0]['session']}-{tracks[0]['track']}-")]


def has_the_moment(video: Locator, run: OneProcess) -> None:
    """Whether a part of the file can be had, and the browser stands at the moment where it plays H.264 at all."""
    address, _, begins_s = (video.get_attribute("src") or "").partition("#t=")
    answer = httpx.get(run.address + address.lstrip("/"), headers={"Range": "bytes=0-99"})
    assert (answer.status_code, len(answer.content), answer.content[4:8]) == (206, 100, b"ftyp")
    if video.evaluate("""video => video.canPlayType('video/mp4; codecs="avc1.42E01E"')"""):
        until(lambda: video.evaluate("video => video.readyState") >= HAVE_CURRENT_DATA, "the recorded moment")
        assert abs(video.evaluate("video => video.currentTime") - float(begins_s)) < 1.0


def colour_on_the_wall(page: Page) -> dict[str, str] | None:
    script = "all => all.map((box) => ({person: box.dataset.person, style: box.getAttribute('style')}))[0] ?? null"
    found: dict[str, str] | None = page.locator(".tile .boxes rect:not([data-person=''])").evaluate_all(script)
    return found
