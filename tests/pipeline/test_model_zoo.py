import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath

import pytest

from pipeline.families import FAMILIES
from pipeline.model_zoo import (
    Downloaded,
    KnownFile,
    KnownModel,
    cached_path,
    default_cache,
    fetch,
    find_artefact,
    known_models,
    shipped_models,
)
from reid_runtime.card import ArtefactError, card_path, read_card
from testing.networks import mean_network


class Site(BaseHTTPRequestHandler):
    """Serves one network whole, spoilt, and cut off; everything else is not found."""

    content = b""

    def do_GET(self) -> None:
        if self.path not in ("/good.onnx", "/spoilt.onnx", "/cut.onnx"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        body = {"/good.onnx": self.content, "/spoilt.onnx": bytes(len(self.content)), "/cut.onnx": self.content[:40]}
        self.wfile.write(body[self.path])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return mean_network(tmp_path / "by-hand.onnx", ["n", 3, 8, 4], axes=[2, 3])


@pytest.fixture
def site(network: Path) -> Iterator[str]:
    Site.content = network.read_bytes()
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def listed(*urls: str, network: Path) -> dict[str, KnownModel]:
    file = KnownFile(urls=urls, sha256=hashlib.sha256(network.read_bytes()).hexdigest())
    return {"tiny": KnownModel(files=(file,), family="osnet", licence="CC0-1.0", trained_on="nothing")}


def left_in(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir())


def test_a_network_is_fetched_once_with_its_card(site: str, network: Path, cache: Path) -> None:
    reported: list[Downloaded] = []
    models = listed(f"{site}/good.onnx", network=network)
    path = fetch("tiny", cache, models=models, observers=[reported.append])
    card = read_card(path)
    assert (path, card.name, card.origin) == (cached_path("tiny", cache), "tiny", f"{site}/good.onnx")
    assert reported[-1] == Downloaded(len(network.read_bytes()), len(network.read_bytes()))
    assert left_in(cache) == ["tiny.json", "tiny.onnx"]
    reported.clear()
    assert fetch("tiny", cache, models=models, observers=[reported.append]) == path
    assert reported == []


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("spoilt.onnx", r"cannot download tiny .*is another file than the list means, .*: expected sha256"),
        ("cut.onnx", "cannot download tiny .*IncompleteRead"),
        ("gone.onnx", "cannot download tiny .*404"),
    ],
)
def test_what_is_not_the_right_file_is_not_kept(site: str, network: Path, cache: Path, page: str, message: str) -> None:
    with pytest.raises(ArtefactError, match=message):
        fetch("tiny", cache, models=listed(f"{site}/{page}", network=network))
    assert left_in(cache) == []


@pytest.mark.parametrize("first", ["spoilt.onnx", "cut.onnx", "gone.onnx"])
def test_a_second_address_serves_where_the_first_does_not(site: str, network: Path, cache: Path, first: str) -> None:
    path = fetch("tiny", cache, models=listed(f"{site}/{first}", f"{site}/good.onnx", network=network))
    assert read_card(path).name == "tiny"
    assert left_in(cache) == ["tiny.json", "tiny.onnx"]


def test_without_a_network_one_line_says_what_to_do(network: Path, cache: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        port = server.server_port  # closed again at once: nobody listens there
    url = f"http://127.0.0.1:{port}/good.onnx"
    with pytest.raises(
        ArtefactError, match=f"download {url} by hand, then `reid-pipeline fetch tiny --from FILE`"
    ) as e:
        fetch("tiny", cache, models=listed(url, network=network))
    assert "\n" not in str(e.value)
    assert str(cached_path("tiny", cache)) in str(e.value)


def test_a_file_brought_by_hand_is_taken(network: Path, cache: Path) -> None:
    models = listed("http://127.0.0.1:9/never-asked.onnx", network=network)
    assert read_card(fetch("tiny", cache, models=models, from_file=network)).family == "osnet"
    assert network.is_file()


def test_a_file_put_into_the_cache_gets_its_card(network: Path, cache: Path) -> None:
    cache.mkdir()
    cached_path("tiny", cache).write_bytes(network.read_bytes())
    path = fetch("tiny", cache, models=listed("http://127.0.0.1:9/never-asked.onnx", network=network))
    assert card_path(path).is_file()


def test_another_file_brought_by_hand_is_refused(network: Path, cache: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(b"other")
    models = listed("http://127.0.0.1:9/never-asked.onnx", network=network)
    with pytest.raises(ArtefactError, match="is another file than the list means"):
        fetch("tiny", cache, models=models, from_file=other)
    with pytest.raises(ArtefactError, match=r"expected a copy of tiny at .*gone.*, found no file"):
        fetch("tiny", cache, models=models, from_file=tmp_path / "gone.onnx")
    assert left_in(cache) == []


def test_a_spoilt_file_in_the_cache_is_fetched_again(site: str, network: Path, cache: Path) -> None:
    models = listed(f"{site}/good.onnx", network=network)
    path = fetch("tiny", cache, models=models)
    path.write_bytes(b"spoilt")
    assert read_card(fetch("tiny", cache, models=models)).name == "tiny"


def test_an_unknown_name_lists_the_known_ones(cache: Path) -> None:
    with pytest.raises(ArtefactError, match=r"expected one of yolox-nano, .*, found 'resnet'"):
        fetch("resnet", cache)
    with pytest.raises(ArtefactError, match=r"expected a path or one of .*yolox-nano, .*, found 'resnet'"):
        find_artefact("resnet", cache)


def test_a_path_is_itself_and_a_name_is_looked_up(network: Path, cache: Path) -> None:
    assert find_artefact(str(network), cache) == network
    with pytest.raises(ArtefactError, match=r"expected an artefact at .*gone\.onnx, found no file"):
        find_artefact(str(network.with_name("gone.onnx")), cache)
    with pytest.raises(ArtefactError, match="run `reid-pipeline fetch yolox-nano`"):
        find_artefact("yolox-nano", cache)
    in_cache = fetch(
        "tiny", cache, models=listed("http://127.0.0.1:9/never-asked.onnx", network=network), from_file=network
    )
    assert find_artefact("tiny", cache) == in_cache


def test_a_shipped_network_needs_no_fetching_unless_the_cache_has_one_of_that_name(
    monkeypatch: pytest.MonkeyPatch, network: Path, cache: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr("pipeline.model_zoo.MODELS", tmp_path)
    assert shipped_models() == {"by-hand": network}
    assert find_artefact("by-hand", cache) == network
    in_cache = fetch(
        "by-hand",
        cache,
        models={"by-hand": listed("http://127.0.0.1:9/never-asked.onnx", network=network)["tiny"]},
        from_file=network,
    )
    assert find_artefact("by-hand", cache) == in_cache


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setenv("PASSERBY_MODELS", str(cache))
    assert default_cache() == cache
    monkeypatch.delenv("PASSERBY_MODELS")
    assert default_cache().parts[-2:] == ("passerby", "models")


def test_the_list_names_public_files_of_known_families() -> None:
    for model in known_models().values():
        for file in model.files:
            assert len(file.urls) == 2
            assert all(url.startswith("https://") for url in file.urls)
            assert {PurePosixPath(url).suffix for url in file.urls} == {file.suffix}
        assert model.family in FAMILIES


ENTRY = "{files: [{urls: [%s], sha256: " + "0" * 64 + "}], family: osnet, licence: MIT, trained_on: '?'}\n"


@pytest.mark.parametrize(
    "line",
    [
        "tiny: " + ENTRY % "file:///etc/passwd",
        "tiny: " + ENTRY % "/etc/passwd",
        "../tiny: " + ENTRY % "https://192.0.2.1/tiny.onnx",
        "/tmp/tiny: " + ENTRY % "https://192.0.2.1/tiny.onnx",
    ],
)
def test_a_list_that_names_files_of_this_machine_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(line)
    with pytest.raises(ArtefactError, match=r"models\.yaml: .*found '"):
        known_models(path)


def test_a_path_is_no_name(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="expected the path of an artefact, with its suffix"):
        find_artefact("../elsewhere/tiny", tmp_path)


@pytest.mark.shared
@pytest.mark.parametrize("name", list(known_models()))
def test_every_listed_network_is_what_the_list_says(shared: Path, cache: Path, name: str) -> None:
    file = next((shared / "data/weights").rglob(known_models()[name].files[0].urls[0].rpartition("/")[2]))
    assert read_card(fetch(name, cache, from_file=file)).model_id.startswith(f"{name}@")
