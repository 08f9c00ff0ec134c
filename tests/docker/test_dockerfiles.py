"""The images hold what the project is made of, of pinned versions, and run as nobody in particular."""

import re
import tomllib

import pytest

from testing.docker.compose_file import DOCKER
from testing.docker.dockerfile import CAMERA, PIPELINE, instructions
from testing.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_package_of_the_project_is_copied() -> None:
    packages = {name.rstrip("*") for name in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]}
    copied = {each.rest.split()[0] for each in instructions(PIPELINE) if each.word == "COPY"}
    missing = packages - copied
    assert not missing, f"docker/pipeline.Dockerfile and its .dockerignore: add {', '.join(sorted(missing))}"


def test_all_that_is_copied_reaches_the_builder() -> None:
    for path in (PIPELINE, CAMERA):
        let_in = set(re.findall(r"^!(.+)$", (DOCKER / f"{path.name}.dockerignore").read_text(), re.MULTILINE))
        for each in instructions(path):
            if each.word == "COPY" and not each.rest.startswith("--from"):
                assert set(each.rest.split()[:-1]) <= let_in, each


@pytest.mark.parametrize("path", [PIPELINE, CAMERA], ids=lambda path: path.name)
def test_the_base_is_of_one_version_and_the_user_is_not_root(path: object) -> None:
    found = instructions(PIPELINE if path == PIPELINE else CAMERA)
    text = "\n".join(f"{each.word} {each.rest}" for each in found)
    assert re.search(r"debian:12\.\d+-slim", text)
    assert "latest" not in text
    (user,) = (each.rest for each in found if each.word == "USER")
    assert int(user.split(":")[0]) > 1000
    assert found.index(next(e for e in found if e.word == "USER")) < found.index(
        next(e for e in found if e.word == "ENTRYPOINT")
    )


def test_what_pip_installs_is_pinned_and_free_of_agpl() -> None:
    installs = [each.rest for each in instructions(PIPELINE) if "pip install" in each.rest]
    assert len(installs) == 2
    for install in installs:
        assert "-c constraints.txt" in install
        assert "yolo" not in install
        assert "ultralytics" not in install
    names = "".join(PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["cpu"])
    assert "ultralytics" not in names


def test_onnx_runtime_is_of_one_version_whatever_it_runs_on_and_so_are_its_libraries() -> None:
    pinned = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines()[1:])
    assert pinned["onnxruntime-gpu"] == pinned["onnxruntime"]
    libraries = {"cublas", "cuda-nvrtc", "cuda-runtime", "cudnn-cu13", "cufft", "curand", "nvjitlink"}
    assert {f"nvidia-{name}" for name in libraries} <= set(pinned)
