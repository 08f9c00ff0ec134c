"""Every command, option, module, file, metric and link that a page names is there; and the check would notice."""

from pathlib import Path

import pytest

from testing.documentation.claims import false_claims, pages
from testing.paths import ROOT


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page: Path) -> None:
    assert false_claims(page) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("`reid-pipeline run --camera a=b --vidoes`", "reid-pipeline run has no --vidoes"),
        ("`reid-pipeline events follow`", "no command reid-pipeline events follow"),
        ("```shell\nA=b reid-train fit x \\\n  --depth 3\n```", "reid-train fit has no --depth"),
        ("`python -m benchmarks.velocity`", "no module benchmarks.velocity to run"),
        ("`python -m benchmarks.speed.pipeline overhead --kameras 4`", "benchmarks.speed.pipeline has no --kameras"),
        ("```shell\ncd x && make tests    # all\n```", "make has no tests"),
        ("`pipeline/store/keyes.py`", "no file pipeline/store/keyes.py is there"),
        ("`pipeline.records.Pictures`", "no pipeline.records.Pictures is there"),
        ("`reid_frames_total` and `reid_images_total`", "no metric reid_images_total is there"),
        ("`pip install 'passerby[evaluate,evaluation]'`", "no extra evaluation is there"),
        ("[there](nowhere.md)", "no nowhere.md is there"),
    ],
)
def test_what_is_not_there_is_found(text: str, problem: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    assert [each.partition(": ")[2] for each in false_claims(page)] == [problem]


def test_what_is_there_is_not_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One two\n`reid-pipeline --version`, `reid-pipeline run x.yaml --camera a=b`, `pipeline/records.py`, "
        "`pipeline.records.Frame`, `reid_detect_seconds_bucket`, [one](#one-two), `tests/**/test_claims.py`\n"
        "```shell\nKAFKA=x reid-pipeline events tail --count=3 | head   # --more\nmake test CI=1\n```\n",
        encoding="utf-8",
    )
    assert false_claims(page) == []
