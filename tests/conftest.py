"""Fixtures that more than one package's tests share."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("PASSERBY_SHARED", ROOT.parent / "shared")).resolve()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real footage, tables and weights; the test skips where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"no real data at {SHARED}: set PASSERBY_SHARED")
    return SHARED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that has its real data and skips all the same has failed."""
    report = yield
    is_due = os.environ.get("CI") == "true" and "shared" in item.keywords and (SHARED / "data").is_dir()
    if report.skipped and is_due:
        report.outcome = "failed"
        report.longrepr = f"skipped although the real data lies at {SHARED}: {report.longrepr}"
    return report
