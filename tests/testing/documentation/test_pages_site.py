"""The documentation builds as a site, strictly, and its pages fetch nothing from anywhere else."""

import re
import subprocess
import sys
from pathlib import Path

from testing.paths import ROOT


def test_the_site_builds_and_its_pages_need_nothing_from_elsewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    # Not `--quiet`: what mkdocs does not say, it does not count as a warning either.
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={"NO_MKDOCS_2_WARNING": "1"})
    assert done.returncode == 0, done.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 20
    fetched = (
        r"<(?:script|img|iframe|source)[^>]+src=[\"']?(https?:)?//|<link[^>]+stylesheet[^>]+href=[\"']?(https?:)?//"
    )
    assert [page.name for page in pages if re.search(fetched, page.read_text(encoding="utf-8"))] == []
    assert [sheet.name for sheet in tmp_path.rglob("*.css") if re.search(r"url\((https?:)?//", sheet.read_text())] == []
