"""Fixtures that more than one package's tests share."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real footage, tables and weights; the test skips where it is absent."""
    folder = Path(os.environ.get("PASSERBY_SHARED", ROOT.parent / "shared")).resolve()
    if not (folder / "data").is_dir():
        pytest.skip(f"no real data at {folder}: set PASSERBY_SHARED")
    return folder
