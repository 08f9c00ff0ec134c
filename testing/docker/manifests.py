"""docker/kubernetes: its manifests as they lie there, and as an overlay renders them where kubectl or kustomize is."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from testing.docker.compose_file import DOCKER

KUBERNETES = DOCKER / "kubernetes"
EXAMPLE = KUBERNETES / "overlays" / "example"
Manifest = Mapping[str, Any]
RENDERERS = (("kubectl", "kustomize"), ("kustomize", "build"))


@dataclass(frozen=True, slots=True)
class Secrets:
    """What an operator keeps beside the manifests: values by name of the Secret and its key."""

    values: Mapping[str, Mapping[str, str]]

    def value(self, reference: Mapping[str, str]) -> str:
        return self.values[reference["name"]][reference["key"]]


def kustomizations() -> list[Path]:
    return sorted(KUBERNETES.rglob("kustomization.yaml"))


def manifests(folder: Path) -> Iterator[Manifest]:
    """All that a kustomization names, the folders it includes too, before any patch."""
    content = yaml.safe_load((folder / "kustomization.yaml").read_text())
    for name in (*content.get("resources", ()), *content.get("components", ())):
        path = (folder / name).resolve()
        if path.is_dir():
            yield from manifests(path)
        else:
            yield from yaml.safe_load_all(path.read_text())


def rendered(folder: Path) -> list[Manifest]:
    """What would be applied; the test skips where neither program is."""
    for program in RENDERERS:
        if shutil.which(program[0]):
            done = subprocess.run((*program, str(folder)), capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            return list(yaml.safe_load_all(done.stdout))
    pytest.skip("neither kubectl nor kustomize is here to render the overlay")


def pods(found: list[Manifest]) -> dict[str, Manifest]:
    """The pods of Deployments and Jobs, by the name of those."""
    return {
        each["metadata"]["name"]: each["spec"]["template"] for each in found if each["kind"] in ("Deployment", "Job")
    }


def container(pod: Manifest) -> Manifest:
    (only,) = pod["spec"]["containers"]
    found: Manifest = only
    return found


def variables(of: Manifest, config_maps: Mapping[str, Mapping[str, str]], secrets: Secrets) -> dict[str, str]:
    """The environment of a container."""
    found: dict[str, str] = {}
    for source in of.get("envFrom", ()):
        found |= config_maps[source["configMapRef"]["name"]]
    for each in of.get("env", ()):
        found[each["name"]] = each["value"] if "value" in each else secrets.value(each["valueFrom"]["secretKeyRef"])
    return found
