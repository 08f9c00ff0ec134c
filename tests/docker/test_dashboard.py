"""Dashboard and alerts ask for what the code exports, by the names and labels that it has."""

import json
import re

import pytest
import yaml

from testing.docker.compose_file import DOCKER
from testing.docker.metrics import exported

DASHBOARD = json.loads((DOCKER / "grafana" / "dashboards" / "passerby.json").read_text())
ALERTS = yaml.safe_load((DOCKER / "prometheus" / "alerts.yml").read_text())
SCRAPED = {"instance", "job"}
"""Labels that Prometheus adds."""
QUERIES = [
    *(target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())),
    *(rule["expr"] for group in ALERTS["groups"] for rule in group["rules"]),
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_names_what_is_exported(query: str) -> None:
    known = exported()
    names = set(re.findall(r"\breid_\w+", query))
    assert names <= set(known), names - set(known)
    labels = {label for name in names for label in known[name]} | SCRAPED
    asked = {label for group in re.findall(r"(?:by|on) \(([^)]*)\)", query) for label in group.split(", ")}
    asked |= {label for group in re.findall(r"\{([^}]*)\}", query) for label in re.findall(r"(\w+)\s*[=!]", group)}
    assert asked <= labels, asked - labels


def test_every_metric_has_a_panel() -> None:
    shown = {name for query in QUERIES for name in re.findall(r"\breid_\w+", query)}
    families = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in exported()}
    missing = families - {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in shown}
    assert not missing, f"docker/grafana/dashboards/passerby.json: add a panel for {', '.join(sorted(missing))}"


def test_the_dashboard_draws_from_the_source_that_is_provisioned() -> None:
    folder = DOCKER / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"] if "targets" in panel} == {source["uid"]}
    (provider,) = yaml.safe_load((folder / "dashboards" / "passerby.yaml").read_text())["providers"]
    assert provider["options"]["path"] in (DOCKER / "compose.yaml").read_text()


def test_panels_do_not_lie_on_one_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
