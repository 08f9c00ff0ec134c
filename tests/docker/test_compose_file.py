"""docker/compose.yaml is one that Compose takes, and opens nothing to anybody beyond this machine."""

import json
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pipeline.config_files import load_config
from testing.docker.compose_file import COMPOSE, DOCKER, SECRETS, read_compose
from testing.docker.dockerfile import PIPELINE, only

FILES = (COMPOSE, DOCKER / "compose.gpu.yaml")
FOREIGN = {"redis", "kafka", "prometheus", "grafana"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return read_compose()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_file_follows_the_published_schema(path: Path) -> None:
    schema = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(yaml.safe_load(path.read_text()), json.loads(schema.read_text()))


def test_every_published_port_is_for_this_machine_only(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert not any("network_mode" in service or "expose" in service for service in compose["services"].values())


def test_redis_kafka_inside_and_metrics_lead_nowhere_else(compose: dict[str, Any]) -> None:
    assert {name for name, network in compose["networks"].items() if network.get("internal")} == {
        "store",
        "events",
        "metrics",
    }
    assert compose["services"]["redis"]["networks"] == ["store"]
    for name in ("worker-campus", "matcher"):
        assert "host" not in compose["services"][name]["networks"]


def test_no_container_may_more_than_it_needs(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.get("privileged"), name
        assert service.get("read_only") or name in ("kafka", "grafana"), name


def test_every_image_is_of_one_version(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        image, _, version = service["image"].partition(":")
        assert version.lstrip("v").split(".")[0].isdigit(), (image, version)
        assert ("build" in service) == (name not in FOREIGN)


def test_no_password_stands_in_the_file(compose: dict[str, Any]) -> None:
    text = COMPOSE.read_text()
    for name in SECRETS:
        assert f"${{{name}:?" in text, "an empty password is refused"
        assert f"\n{name}=\n" in (DOCKER / "env.example").read_text()
    assert compose["services"]["matcher"]["environment"]["CAMERA_PASSWORD"] == "unused"


def test_the_readme_makes_a_password_for_each_variable() -> None:
    (line,) = (line for line in (DOCKER / "README.md").read_text().splitlines() if "> docker/.env" in line)
    made = subprocess.run(("sh", "-c", line.replace("> docker/.env", "")), capture_output=True, text=True, check=True)
    pairs = dict(pair.split("=") for pair in made.stdout.split())
    assert set(pairs) == set(SECRETS)
    assert len(set(pairs.values())) == len(pairs)
    assert all(value.isalnum() for value in pairs.values()), "an address can hold them as they are"


def test_what_is_named_is_there(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert set(service["networks"]) <= set(compose["networks"]), name
        assert set(service.get("depends_on", ())) <= set(compose["services"]), name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert (DOCKER / source).exists() if source.startswith(".") else source in compose["volumes"], (
                name,
                source,
            )
        if "build" in service:
            assert (DOCKER / service["build"]["context"] / service["build"]["dockerfile"]).is_file(), name


@pytest.mark.parametrize("name", ["site.yaml", "site-gpu.yaml"])
def test_each_camera_of_the_site_has_one_worker(
    name: str, compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("CAMERA_USER", "CAMERA_PASSWORD", "REDIS_PASSWORD"):
        monkeypatch.setenv(variable, "x")
    config = load_config(DOCKER / "site" / name)
    commands = [service["command"] for each, service in compose["services"].items() if each.startswith("worker-")]
    assert sorted(command[-1] for command in commands) == sorted(camera.name for camera in config.cameras)
    assert f"{config.http.port}" in only(PIPELINE, "HEALTHCHECK")


def test_the_sites_of_processor_and_card_differ_in_nothing_else() -> None:
    plain, gpu = (yaml.safe_load((DOCKER / "site" / name).read_text()) for name in ("site.yaml", "site-gpu.yaml"))
    assert gpu == plain | {"compute": {"provider": "cuda"}}


def test_workers_on_a_card_run_the_same_cameras(compose: dict[str, Any]) -> None:
    for name, service in read_compose(DOCKER / "compose.gpu.yaml")["services"].items():
        command = [word.replace("site-gpu", "site") for word in service["command"]]
        assert command == compose["services"][name]["command"]


def test_prometheus_asks_every_worker_and_matcher(compose: dict[str, Any]) -> None:
    jobs = yaml.safe_load((DOCKER / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    targets = {target for job in jobs for each in job["static_configs"] for target in each["targets"]}
    watched = {name for name in compose["services"] if name.startswith(("worker-", "matcher"))}
    assert targets == {f"{name}:9464" for name in watched}
    assert all("metrics" in compose["services"][name]["networks"] for name in watched)
