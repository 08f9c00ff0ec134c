"""The API of the view over a real Redis and a real matcher."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from starlette.datastructures import Headers

from pipeline.config_view import ViewConfig
from pipeline.store.client import SiteStore
from pipeline.view.access import Access
from pipeline.view.labelled import LabelledPairs
from reid_models.tracklet_folder import read_folder
from testing.networks import looking_network
from testing.view.viewed_site import BLUE, GREEN, ORANGE, RED, ViewedSite, jpeg_of, person
from testing.waiting import until

VIEWER, OPERATOR = "only-to-look-at-it", "to-look-and-to-decide"


@pytest.fixture
def shop(store: SiteStore, tmp_path: Path) -> Iterator[ViewedSite]:
    with ViewedSite(store, tmp_path) as shop:
        yield shop


def matches(client: httpx.Client, count: int = 1) -> list[dict[str, Any]]:
    def found() -> list[dict[str, Any]]:
        items = client.get("/decisions", params={"kind": "person.matched"}).json()["items"]
        return items if len(items) >= count else []

    return until(found, f"{count} matches")


def test_somebody_who_walks_through_two_cameras_is_one_person_with_one_match_and_its_reasons(shop: ViewedSite) -> None:
    with shop.client() as client:
        shop.sees("door", 1, RED)
        shop.sees("door", 2, ORANGE)
        shop.sees("yard", 1, RED)
        (match,) = matches(client)
        assert (match["seen_before"]["camera"], match["seen"]["camera"]) == ("door", "yard")
        assert match["similarity"] > match["threshold"]
        (other,) = match["runners_up"]
        assert other["why"] == (
            f"{match['similarity'] - other['similarity']:.3f} less similar: "
            f"{other['similarity']:.3f} against {match['similarity']:.3f}"
        )
        somebody = client.get(f"/persons/{match['person']['id']}").json()
        assert [each["camera"] for each in somebody["sightings"]] == ["door", "yard"]
        assert {each["person"]["colour"] for each in somebody["sightings"]} == {match["person"]["colour"]}
        assert client.get("/persons").json()["total"] == 2
        assert client.get("/persons", params={"several": "true"}).json()["total"] == 1
        assert client.get("/persons", params={"camera": "yard"}).json()["total"] == 1


def test_a_crop_finds_its_person_and_so_does_a_sighting(shop: ViewedSite) -> None:
    with shop.client() as client:
        shop.sees("door", 1, RED)
        shop.sees("door", 2, BLUE)
        until(lambda: client.get("/persons").json()["total"] == 2, "two persons")
        crop = client.get("/sightings/door/r1/2/crop.jpg")
        assert crop.headers["content-type"] == "image/jpeg"
        found = client.post("/search", content=crop.content, headers={"Content-Type": "image/jpeg"}).json()["items"]
        assert found[0]["sighting"]["id"] == "door/r1/2"
        assert found[0]["similarity"] > 0.85 > found[1]["similarity"]
        like = client.get("/search", params={"sighting": "door/r1/1"}).json()["items"]
        assert [each["sighting"]["id"] for each in like] == ["door/r1/2"]


def test_the_moments_of_a_sighting_are_shown_and_where_the_network_looks_in_them(
    store: SiteStore, tmp_path: Path
) -> None:
    network = looking_network(tmp_path / "looking.onnx", height=64, width=32)
    with ViewedSite(store, tmp_path, network=network) as shop, shop.client() as client:
        assert client.get("/site").json()["attention"] == ["frame_weights", "attention_maps"]
        shop.sees("door", 1, RED)
        until(lambda: client.get("/persons").json()["total"] == 1, "somebody")
        moments = shown(client, "moments.jpg")
        assert moments.shape == (128, 64, 3)
        looked = shown(client, "attention.jpg?of=attention_maps")
        assert looked.shape == (128, 2 * 64, 3), "two, as the network takes them"
        face, trousers = looked[20:24, 30:34], looked[96:120, 24:28]
        assert face.mean(axis=(0, 1)).argmax() == 0, "red, for it is bright"
        assert trousers.mean(axis=(0, 1)).argmax() == 2, "blue, for they are dark"
        assert client.get("/sightings/door/r1/1/attention.jpg?of=nothing").status_code == 400
        assert client.get("/sightings/door/r1/9/attention.jpg?of=attention_maps").status_code == 404


def test_a_network_that_says_nothing_of_where_it_looks_is_not_asked(shop: ViewedSite) -> None:
    with shop.client() as client:
        shop.sees("door", 1, RED)
        until(lambda: client.get("/persons").json()["total"] == 1, "somebody")
        assert shown(client, "moments.jpg").shape == (128, 64, 3)
        assert client.get("/site").json()["attention"] == []
        answer = client.get("/sightings/door/r1/1/attention.jpg?of=attention_maps")
        assert (answer.status_code, "says nothing of where it looks" in answer.json()["error"]) == (400, True)


def shown(client: httpx.Client, which: str) -> Any:
    """(H, W, 3) RGB of an image of the first sighting."""
    answer = client.get(f"/sightings/door/r1/1/{which}")
    assert answer.headers["content-type"] == "image/jpeg", answer.text
    found = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return found[..., ::-1]


def test_a_verdict_splits_and_becomes_an_event_and_a_labelled_pair(shop: ViewedSite) -> None:
    with shop.client() as client:
        shop.sees("door", 1, RED)
        shop.sees("yard", 1, RED)
        (match,) = matches(client)
        answer = client.post("/verdicts", json={"verdict": "different", "decision": match["id"]})
        assert answer.status_code == 200, answer.text
        shop.waits()
        until(lambda: client.get("/persons").json()["total"] == 2, "the two to be parted")
        kinds = until(lambda: [e.kind for e in shop.sink.events if e.kind == "person.split"], "the split is told")
        assert kinds == ["person.split"]
        assert [event.verdict for event in shop.sink.events if event.kind == "verdict.given"] == ["different"]
        assert [pair["verdict"] for pair in client.get("/verdicts").json()["items"]] == ["different"]
        tracklets = read_folder(shop.folder / "verdicts" / "tracklets")
        assert len({tracklet.person for tracklet in tracklets}) == 2, "two persons for whoever calibrates or trains"
        again = client.post("/verdicts", json={"verdict": "same", "decision": match["id"]})
        assert again.status_code == 200
        shop.waits()
        until(lambda: client.get("/persons").json()["total"] == 1, "the two to be one again")
        assert len({tracklet.person for tracklet in read_folder(shop.folder / "verdicts" / "tracklets")}) == 1


def test_an_erased_person_is_gone_with_crops_and_pairs_and_an_audit_line_stays(shop: ViewedSite) -> None:
    with shop.client() as client:
        shop.sees("door", 1, RED)
        shop.sees("yard", 1, RED)
        shop.sees("door", 2, BLUE)
        (match,) = matches(client)
        client.post("/verdicts", json={"verdict": "same", "decision": match["id"]})
        someone = match["person"]["id"]
        assert client.post(f"/persons/{someone}/erase", json={"confirm": match["id"]}).status_code == 400
        shop.waits()
        entry = client.post(f"/persons/{someone}/erase", json={"confirm": someone}).json()
        assert (entry["outcome"], entry["tracks"]) == ("erased", 2)
        until(lambda: client.get(f"/persons/{someone}").status_code == 404, "the person to be gone")
        assert client.get("/sightings/door/r1/1/crop.jpg").status_code == 404
        assert client.get("/decisions", params={"person": someone}).json()["total"] == 0
        assert [each["person"] for each in client.get("/audit").json()["items"]] == [someone]
        assert client.get("/persons").json()["total"] == 1
    assert LabelledPairs(shop.folder / "verdicts", lambda _: None).read() == []
    assert not list((shop.folder / "verdicts").rglob("*.jpg"))


def test_a_camera_that_dies_says_so(shop: ViewedSite) -> None:
    def states() -> dict[str, str]:
        return {each["name"]: each["state"] for each in client.get("/cameras").json()["items"]}

    def here() -> set[str]:
        return {each["camera"] for each in client.get("/sightings?here=true").json()["items"]}

    with shop.client() as client:
        until(lambda: states() == {"door": "streaming", "yard": "streaming"}, "both to stream")
        shop.sees("door", 1, RED, ends=False)
        shop.sees("yard", 2, BLUE, ends=False)
        until(lambda: here() == {"door", "yard"}, "somebody before each")
        shop.reports({"door": "retrying", "yard": "streaming"})
        until(lambda: states() == {"door": "retrying", "yard": "streaming"}, "the door to be lost")
        until(lambda: here() == {"yard"}, "nobody to be known at the door")


def test_without_images_none_is_shown(store: SiteStore, tmp_path: Path) -> None:
    with ViewedSite(store, tmp_path, ViewConfig(port=0)) as shop, shop.client() as client:
        shop.sees("door", 1, RED)
        until(lambda: client.get("/persons").json()["total"] == 1, "somebody")
        for path in ("/sightings/door/r1/1/crop.jpg", "/cameras/door/frame.jpg", "/../../view/door"):
            answer = client.get(path)
            assert (answer.status_code, "image" in answer.headers["content-type"]) == (404, False)
        assert client.get("/site").json()["images"] is False


def test_frames_come_only_while_somebody_looks_and_the_same_to_all(shop: ViewedSite) -> None:
    assert shop.desk.wanted() == frozenset()
    with shop.client() as client:
        assert client.get("/cameras/door/frame.jpg").status_code == 404
        until(lambda: "door" in shop.desk.wanted(), "the door to be wanted")
        shop.shows("door", 1, {1: (0.1, 0.2, 0.3, 0.9)})
        until(lambda: client.get("/cameras/door/frame.jpg").content.startswith(b"\xff\xd8"), "a frame")
    until(lambda: shop.desk.wanted() == frozenset(), "nobody to look any more")


def test_news_come_as_server_sent_events(shop: ViewedSite) -> None:
    with shop.client() as client, client.stream("GET", "/stream", params={"frames": "door"}) as stream:
        lines = stream.iter_lines()
        assert next(line for line in lines if line.startswith("event")) == "event: hello"
        shop.sees("door", 1, RED)
        assert next(line for line in lines if line.startswith("event")) == "event: news"
        assert '"person.appeared"' in next(line for line in lines if line.startswith("data"))
        until(lambda: "door" in shop.desk.wanted(), "the door to be wanted")
        shop.shows("door", 1, {1: (0.1, 0.2, 0.3, 0.9)})
        while "event: frame" not in next(lines):
            pass
        assert '"place": [0.1, 0.2, 0.3, 0.9]' in next(lines)


def test_mjpeg_has_boxes_in_it(shop: ViewedSite) -> None:
    with httpx.stream("GET", f"{shop.server.address}view/door", timeout=20) as stream:
        assert stream.headers["content-type"] == "multipart/x-mixed-replace; boundary=passerby"
        until(lambda: "door" in shop.desk.wanted(), "the door to be wanted")
        shop.shows("door", 1, {1: (0.1, 0.2, 0.3, 0.9)})
        content = b""
        for chunk in stream.iter_bytes():
            content += chunk
            if b"\xff\xd9" in content:
                break
    assert content.startswith(b"--passerby\r\nContent-Type: image/jpeg\r\n")


@pytest.fixture
def guarded(store: SiteStore, tmp_path: Path) -> Iterator[ViewedSite]:
    view = ViewConfig.model_validate({"port": 0, "viewer_token": VIEWER, "operator_token": OPERATOR, "images": True})
    with ViewedSite(store, tmp_path, view) as shop:
        yield shop


def test_a_wrong_token_sees_nothing_a_viewer_changes_nothing_and_an_operator_may(guarded: ViewedSite) -> None:
    guarded.sees("door", 1, RED)
    nobody = "00000000-0000-4000-8000-000000000000"
    for token in (None, "wrong-but-long-enough", VIEWER + "x"):
        with guarded.client(token) as client:
            for path in ("/site", "/persons", "/stream", "/sightings/door/r1/1/crop.jpg", "/openapi.json"):
                answer = client.get(path)
                assert (answer.status_code, "door" in answer.text) == (401, False)
    with guarded.client(VIEWER) as client:
        assert client.get("/site").json()["role"] == "viewer"
        assert client.post("/verdicts", json={"verdict": "same", "decision": nobody}).status_code == 403
        assert client.post(f"/persons/{nobody}/erase", json={"confirm": nobody}).status_code == 403
        assert client.get("/audit").status_code == 403
    with guarded.client(OPERATOR) as client:
        assert client.get("/site").json()["role"] == "operator"
        assert client.post("/verdicts", json={"verdict": "same", "decision": nobody}).status_code == 400


def test_a_browser_gets_a_session_for_a_token(guarded: ViewedSite) -> None:
    with httpx.Client(base_url=guarded.server.address) as browser:
        page = browser.get("/", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "/login")
        assert browser.post("/login", data={"token": "wrong-but-long-enough"}).status_code == 401
        assert browser.post("/login", data={"token": OPERATOR}).status_code == 303
        assert browser.get("/api/v1/site").json()["role"] == "operator"
        browser.post("/logout")
        assert browser.get("/api/v1/site").status_code == 401


def test_pages_of_other_sites_and_other_names_get_nothing(shop: ViewedSite) -> None:
    with shop.client() as client:
        assert client.get("/site", headers={"Host": "evil.example"}).status_code == 421
        headers = {"Origin": "https://evil.example"}
        assert client.post("/verdicts", json={}, headers=headers).status_code == 403
        policy = client.get("/site").headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"GIF89a", "image/gif", 415),
        (b"no image", "image/png", 400),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x00\x00\x00\x01\x00\x00", "image/png", 400),
        (b"\xff\xd8\xff" + b"\x00" * 100, "image/jpeg", 400),
        (b"\xff\xd8\xff" + b"\x00" * (5 << 20), "image/jpeg", 400),
        (jpeg_of(person(GREEN))[:300], "image/jpeg", 400),
    ],
)
def test_what_is_no_image_is_refused_in_a_line(shop: ViewedSite, content: bytes, kind: str, code: int) -> None:
    with shop.client() as client:
        answer = client.post("/search", content=content, headers={"Content-Type": kind})
        assert answer.status_code == code
        assert "\n" not in answer.json()["error"]


def test_many_tokens_cannot_be_tried(guarded: ViewedSite) -> None:
    with httpx.Client(base_url=guarded.server.address) as browser:
        codes = [browser.post("/login", data={"token": f"guess-number-{i:04d}"}).status_code for i in range(12)]
        assert codes[0] == 401
        assert codes[-1] == 429


def test_the_view_stays_on_this_machine_unless_it_asks_who_comes() -> None:
    with pytest.raises(ValueError, match="lets other machines in: set viewer_token"):
        ViewConfig(host="0.0.0.0")
    with pytest.raises(ValueError, match="at least 16 characters"):
        ViewConfig.model_validate({"viewer_token": "short"})


def test_a_proxy_says_who_somebody_is_and_nobody_else_may(store: SiteStore, tmp_path: Path) -> None:
    view = ViewConfig.model_validate({"port": 0, "proxy": {"addresses": ["127.0.0.1"]}})
    other = ViewConfig.model_validate({"port": 0, "proxy": {"addresses": ["192.0.2.1"]}})
    for config, codes in ((view, (200, 401)), (other, (401, 401))):
        with ViewedSite(store, tmp_path, config) as shop, shop.client() as client:
            found = client.get("/site", headers={"X-Passerby-Role": "viewer"}).status_code
            assert (found, client.get("/site").status_code) == codes


def test_behind_a_proxy_each_client_is_counted_for_itself_and_none_by_its_own_word(
    store: SiteStore, tmp_path: Path
) -> None:
    fields = {"port": 0, "operator_token": OPERATOR}

    def tries(login: httpx.URL, forwarded: list[str]) -> list[int]:
        found = []
        for each in forwarded:
            headers = [("X-Forwarded-For", line) for line in each.split(";")]
            found.append(httpx.post(login, data={"token": "guess-of-a-token"}, headers=headers).status_code)
        return found

    many = 8
    for addresses, busy, lying in ((["127.0.0.1", "192.0.2.1"], 401, 429), (["192.0.2.1"], 429, 429)):
        view = ViewConfig.model_validate({**fields, "proxy": {"addresses": addresses}})
        with ViewedSite(store, tmp_path, view) as shop:
            login = httpx.URL(f"{shop.server.address}login")
            assert tries(login, ["198.51.100.7"] * many)[-1] == 429
            assert tries(login, ["198.51.100.8"]) == [busy], "another client of the proxy is not held up by the first"
            for line in ("198.51.100.9, 198.51.100.7", "198.51.100.9;198.51.100.7:4711, 192.0.2.1"):
                assert tries(login, [line]) == [lying], "what the client itself wrote stands before what the proxy did"


def test_an_address_of_a_client_is_read_and_what_is_none_is_the_proxy() -> None:
    access = Access(ViewConfig.model_validate({"proxy": {"addresses": ["10.0.0.5"]}}))
    for line, client in (
        ("2001:DB8:0::7", "2001:db8::7"),
        ("[2001:db8::9]:4711", "2001:db8::9"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("nonsense", "10.0.0.5"),
        ("", "10.0.0.5"),
    ):
        assert access.client("10.0.0.5", Headers({"X-Forwarded-For": line})) == client
        assert access.client("10.0.0.6", Headers({"X-Forwarded-For": line})) == "10.0.0.6"
