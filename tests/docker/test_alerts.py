"""The alerts on recognition as Prometheus evaluates them: each at its fault, none at a site that is as a week ago."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
import yaml

from testing.docker.compose_file import DOCKER

RULES = DOCKER / "prometheus" / "alerts.yml"
STEP_MIN = 5
WEEK, REST = 7 * 24 * 60 // STEP_MIN, 26 * 60 // STEP_MIN
"""Steps: a week as it was, and a day and two hours of another."""
USUAL = {
    "tracks_encoded_total": 2.0,
    "tracks_not_encoded_total": 0.5,
    "tracklets_unencoded_total": 0.0,
    "match_similarity": 0.8,
    "match_margin": 0.3,
    "rejected_excess": -0.15,
    "appeared": 0.5,
    "matched": 1.5,
    "gallery_tracks": 100.0,
    "gallery_lone_tracks": 20.0,
}
"""Of one camera: what is counted in a step, where half of the similarities lie below, and what is remembered."""
FAULTS = {
    "PasserbyTracksNotEncoded": {"tracks_encoded_total": 1.0, "tracks_not_encoded_total": 4.0},
    "PasserbyNetworkMakesNothing": {"tracklets_unencoded_total": 1.0},
    "PasserbyMatchesLessSimilar": {"match_similarity": 0.7},
    "PasserbyMatchesLessClear": {"match_margin": 0.12},
    "PasserbyMoreCloseCalls": {"rejected_excess": -0.05},
    "PasserbyMoreNewPersons": {"appeared": 1.0, "matched": 1.0},
    "PasserbyMoreLonePersons": {"gallery_lone_tracks": 50.0},
}
BUCKETS = {
    "match_similarity": ("0.6", "0.7", "0.8", "0.9", "+Inf"),
    "rejected_excess": ("-0.2", "-0.15", "-0.1", "-0.05", "0.0", "+Inf"),
    "match_margin": ("0.08", "0.12", "0.2", "0.3", "0.5", "+Inf"),
}


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("needs promtool, of the package prometheus")
    return found


def test_prometheus_takes_the_rules(promtool: str) -> None:
    subprocess.run([promtool, "check", "rules", RULES], check=True)


@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_an_alert_says_its_fault_alone_and_none_says_anything_of_a_site_that_stays_as_it_is(
    promtool: str, tmp_path: Path, fault: str | None
) -> None:
    now = USUAL | (FAULTS[fault] if fault else {})
    case = {
        "interval": f"{STEP_MIN}m",
        "input_series": list(series(USUAL, now)),
        "alert_rule_test": [expected(each, fires=each == fault) for each in FAULTS],
    }
    content = {"rule_files": [str(RULES)], "evaluation_interval": f"{STEP_MIN}m", "tests": [case]}
    (tmp_path / "case.yml").write_text(json.dumps(content), encoding="utf-8")
    found = subprocess.run(
        [promtool, "test", "rules", tmp_path / "case.yml"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_every_alert_on_recognition_has_a_fault_here_and_a_line_on_its_page() -> None:
    groups = {group["name"]: group["rules"] for group in yaml.safe_load(RULES.read_text())["groups"]}
    names = {rule["alert"] for rule in groups["passerby-recognition"]}
    assert names == set(FAULTS)
    page = (DOCKER.parent / "docs" / "recognition.md").read_text(encoding="utf-8")
    assert {name for name in names if f"`{name}`" not in page} == set()


def series(before: Mapping[str, float], after: Mapping[str, float]) -> Iterable[dict[str, str]]:
    for name, value in before.items():
        if name in BUCKETS:
            yield from histogram(name, value, after[name])
        elif name.startswith("gallery"):
            yield {"series": f'reid_{name}{{camera="door"}}', "values": f"{value}x{WEEK} {after[name]}x{REST}"}
        elif name in ("appeared", "matched"):
            labels = f'camera="door",outcome="{name}"'
            yield {"series": f"reid_match_outcomes_total{{{labels}}}", "values": counted(value, after[name])}
        else:
            yield {"series": f'reid_{name}{{camera="door"}}', "values": counted(value, after[name])}


def histogram(name: str, before: float, after: float) -> Iterable[dict[str, str]]:
    """Half of the values lie below."""
    for le in BUCKETS[name]:
        labels = f'camera="door",le="{le}"'
        values = counted(share_below(float(le), before), share_below(float(le), after))
        yield {"series": f"reid_{name}_bucket{{{labels}}}", "values": values}
    yield {"series": f'reid_{name}_count{{camera="door"}}', "values": counted(1.0, 1.0)}


def share_below(value: float, half: float) -> float:
    return 0.5 if value == half else float(value > half)


def counted(before: float, after: float) -> str:
    """A counter that grows by so much a step."""
    return f"0+{before}x{WEEK} {before * WEEK + after}+{after}x{REST}"


def expected(alert: str, *, fires: bool) -> dict[str, object]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    (rule,) = (rule for group in groups for rule in group["rules"] if rule["alert"] == alert)
    summary = rule["annotations"]["summary"].replace("{{ $labels.camera }}", "door")
    alerts = [{"exp_labels": {"camera": "door"}, "exp_annotations": {"summary": summary}}] if fires else []
    return {"eval_time": "8d1h", "alertname": alert, "exp_alerts": alerts}
