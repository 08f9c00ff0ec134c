"""The manifests hang together: names, labels, ports and limits, before and after kustomize."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.config_files import load_config
from testing.docker.compose_file import DOCKER
from testing.docker.dockerfile import PIPELINE, only
from testing.docker.manifests import EXAMPLE, KUBERNETES, Manifest, container, kustomizations, manifests, pods, rendered
from testing.docker.metrics import exported

SECRETS = {
    "passerby-redis": {"url"},
    "passerby-cameras": {"user", "password"},
    "passerby-kafka": {"ca.crt", "password"},
}
"""Made beside the manifests; docker/README.md has the commands."""


@pytest.fixture(scope="module")
def applied() -> list[Manifest]:
    return rendered(EXAMPLE)


@pytest.mark.parametrize("path", kustomizations(), ids=lambda path: str(path.parent.relative_to(KUBERNETES)))
def test_a_kustomization_names_what_is_there_and_patches_what_it_names(path: Path) -> None:
    content = yaml.safe_load(path.read_text())
    for name in (*content["resources"], *content.get("components", ())):
        assert (path.parent / name).exists(), name
    there = [(each["kind"], each["metadata"]["name"]) for each in manifests(path.parent)]
    assert len(set(there)) == len(there) or "workers/entrance" in content["resources"], "a worker for each list"
    for patch in content.get("patches", ()):
        assert (patch["target"]["kind"], patch["target"]["name"]) in there
    for generated in content.get("configMapGenerator", ()):
        for name in generated.get("files", ()):
            assert (path.parent / name).is_file(), name


def test_no_manifest_is_forgotten() -> None:
    named = {
        (path.parent / name).resolve()
        for path in kustomizations()
        for key in ("resources", "components")
        for name in yaml.safe_load(path.read_text()).get(key, ())
    }
    files = {path for path in KUBERNETES.rglob("*.yaml") if path.name not in ("kustomization.yaml", "site.yaml")}
    assert files <= named


def test_every_pod_runs_as_nobody_and_writes_nowhere(applied: list[Manifest]) -> None:
    user = int(only(PIPELINE, "USER").split(":")[0])
    for name, pod in pods(applied).items():
        limits, inside = pod["spec"]["securityContext"], container(pod)["securityContext"]
        assert limits["runAsNonRoot"], name
        assert limits["runAsUser"] == user, name
        assert limits["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert inside == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert not pod["spec"]["automountServiceAccountToken"], name
        assert set(container(pod)["resources"]["requests"]) == {"cpu", "memory"}, name
        assert "memory" in container(pod)["resources"]["limits"], name


def test_labels_that_select_are_those_of_the_pods(applied: list[Manifest]) -> None:
    labels = [pod["metadata"]["labels"] for pod in pods(applied).values()]
    for each in applied:
        selector = each["spec"].get("selector") if each["kind"] in ("Deployment", "PodDisruptionBudget") else None
        if selector:
            matched = [of for of in labels if selector["matchLabels"].items() <= of.items()]
            assert len(matched) == 1, f"{each['kind']} {each['metadata']['name']} selects {len(matched)} kinds of pods"


def test_whom_a_policy_lets_speak_is_a_pod_that_there_is(applied: list[Manifest]) -> None:
    components = {pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in pods(applied).values()}
    asked = {
        "passerby": components,
        "passerby-to-redis": {"worker", "matcher"},
        "passerby-to-kafka": {"matcher", "topics", "bridge"},
        "passerby-to-cameras": {"worker"},
    }
    policies = {each["metadata"]["name"]: each["spec"] for each in applied if each["kind"] == "NetworkPolicy"}
    assert {name: _selected(policy["podSelector"], components) for name, policy in policies.items()} == asked


def _selected(selector: Manifest, components: set[str]) -> set[str]:
    found = set(components)
    for key, value in selector.get("matchLabels", {}).items():
        found &= {value} if key.endswith("component") else found
    for rule in selector.get("matchExpressions", ()):
        found &= set(rule["values"]) if rule["key"].endswith("component") else found
    return found


def test_what_a_pod_refers_to_is_made_or_is_a_known_secret(applied: list[Manifest]) -> None:
    made = {(each["kind"], each["metadata"]["name"]) for each in applied}
    for name, pod in pods(applied).items():
        assert ("ServiceAccount", pod["spec"]["serviceAccountName"]) in made
        for source in container(pod).get("envFrom", ()):
            assert ("ConfigMap", source["configMapRef"]["name"]) in made, name
        for volume in pod["spec"].get("volumes", ()):
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in made, name
            assert volume.get("secret", {}).get("secretName", "passerby-kafka") in SECRETS
        mounted = {mount["name"] for mount in container(pod).get("volumeMounts", ())}
        assert mounted == {volume["name"] for volume in pod["spec"].get("volumes", ())}, name
        for each in container(pod).get("env", ()):
            if "valueFrom" in each:
                reference = each["valueFrom"]["secretKeyRef"]
                assert reference["key"] in SECRETS[reference["name"]]
    assert not any(each["kind"] == "Secret" for each in applied), "no secret lies in a repository"


def test_probes_ask_the_port_and_paths_that_are_served(
    applied: list[Manifest], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = _example(monkeypatch).http.port
    for name, pod in pods(applied).items():
        inside = container(pod)
        if inside["args"][0] not in ("worker", "match"):
            continue
        assert inside["ports"] == [{"name": "metrics", "containerPort": port}]
        paths = {
            probe: inside[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")
        }
        assert paths == {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}, name
        assert pod["metadata"]["annotations"] == {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": str(port),
            "prometheus.io/path": "/metrics",
        }


def test_each_camera_has_one_worker_that_is_never_there_twice(
    applied: list[Manifest], monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = [each for each in applied if each["metadata"]["name"].startswith("passerby-worker")]
    looked_at: list[str] = []
    for worker in workers:
        assert worker["spec"]["replicas"] == 1
        assert worker["spec"]["strategy"] == {"type": "Recreate"}
        looked_at += re.findall(r"--camera (\S+)", " ".join(container(worker["spec"]["template"])["args"]))
    assert sorted(looked_at) == sorted(camera.name for camera in _example(monkeypatch).cameras)


def test_what_scales_is_a_consumer_by_a_metric_that_is_exported(applied: list[Manifest]) -> None:
    (scaler,) = (each["spec"] for each in applied if each["kind"] == "HorizontalPodAutoscaler")
    named = [each for each in applied if each["metadata"]["name"] == scaler["scaleTargetRef"]["name"]]
    (target,) = (each for each in named if each["kind"] == scaler["scaleTargetRef"]["kind"])
    assert container(target["spec"]["template"])["args"][:2] == ["events", "mdx"]
    assert "replicas" not in target["spec"], "an apply would undo what the autoscaler did"
    words = container(pods(applied)["passerby-topics"])["args"]
    assert scaler["maxReplicas"] <= int(words[words.index("--partitions") + 1])
    text = (KUBERNETES / "bridge" / "autoscaler.yaml").read_text()
    assert set(re.findall(r"reid_\w+_total", text)) <= set(exported())


def test_no_image_is_without_a_version(applied: list[Manifest]) -> None:
    for pod in pods(applied).values():
        assert re.fullmatch(r".+/passerby:\d+\.\d+\.\d+", container(pod)["image"])


def _example(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("CAMERA_USER", "CAMERA_PASSWORD"):
        monkeypatch.setenv(name, "x")
    return load_config(EXAMPLE / "site.yaml")


def test_the_readme_makes_every_secret() -> None:
    text = (DOCKER / "README.md").read_text()
    for name, keys in SECRETS.items():
        (command,) = re.findall(rf"create secret generic {name}\b(.*?)\n(?!\s{{4,}})", text, re.DOTALL)
        assert set(re.findall(r"--from-(?:literal|file)=([\w.]+)=", command)) == keys
