from collections import Counter
from pathlib import Path

import pytest
import yaml

from pipeline.cli import main
from pipeline.config_files import load_config
from pipeline.shipped import CONFIGS, KINDS, Kind, UnknownNameError, configs_of, find_config, text_to_keep, title
from testing.paths import ROOT


def test_the_package_carries_the_folder_at_the_top_of_the_repository() -> None:
    assert CONFIGS.resolve() == ROOT / "configs"


@pytest.mark.parametrize(("kind", "name"), [("pipeline", "rtsp"), ("site", "pets2009"), ("simulation", "shop")])
def test_a_shipped_configuration_is_found_by_name_from_any_folder(
    kind: Kind, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "configs" / kind).mkdir(parents=True)
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_config(kind, name).read_text() == (ROOT / "configs" / kind / f"{name}.yaml").read_text()


@pytest.mark.parametrize("path", ["rtsp.yaml", "./rtsp", "/etc/site", "sites/shop"])
def test_a_suffix_or_a_separator_makes_a_path(path: str) -> None:
    assert find_config("pipeline", path) == Path(path)


def test_an_unknown_name_says_what_there_is() -> None:
    with pytest.raises(UnknownNameError, match="one of campus, shop, station; found 'shpo'"):
        find_config("simulation", "shpo")


def test_a_name_means_one_thing_and_has_a_title() -> None:
    count = Counter(name for kind in KINDS for name in configs_of(kind))
    assert set(count.values()) == {1}
    assert all(title(path) for kind in KINDS for path in configs_of(kind).values())


def test_a_copy_that_lies_elsewhere_names_its_schema_too(tmp_path: Path) -> None:
    copy = tmp_path / "mine.yaml"
    copy.write_text(text_to_keep(find_config("pipeline", "rtsp")))
    first = copy.read_text().splitlines()[0]
    assert (copy.parent / first.partition("$schema=")[2]).is_file()
    assert title(copy) == "Two live cameras"


def test_the_list_has_them_all_and_each_can_be_printed_to_be_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["configs"]) == 0
    listed = capsys.readouterr().out
    for kind in KINDS:
        for name, path in configs_of(kind).items():
            assert name in listed
            assert main(["configs", name]) == 0
            assert capsys.readouterr().out == text_to_keep(path)


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["run", "rtps"], "one of rtsp, two-files; found 'rtps'"),
        (["run", "--camera", "a=b.mp4", "--site", "pets"], "one of caesar, example, pets2009; found 'pets'"),
        (["simulate", "shpo", "--out", "x"], "one of campus, shop, station; found 'shpo'"),
        (["configs", "rtps"], "expected one of rtsp"),
    ],
)
def test_a_misspelt_name_on_the_command_line_is_one_line(
    words: list[str], refusal: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    error = capsys.readouterr().err
    assert refusal in error
    assert error.count("\n") == 1


def test_a_deployment_may_name_a_shipped_site(tmp_path: Path) -> None:
    path = tmp_path / "deployment.yaml"
    cameras = [{"name": name, "source": f"rtsp://192.0.2.1/{name}"} for name in ("view1", "view6")]
    path.write_text(yaml.safe_dump({"cameras": cameras, "site": "pets2009"}))
    assert load_config(path).site.overlaps == (("view1", "view6"),)
