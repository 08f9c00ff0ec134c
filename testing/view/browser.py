"""A headless Chromium: the system's, so that nothing is downloaded; else the one that Playwright has installed."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = (
    "no Chromium here that starts: apt-get install chromium, or, where that is a snap as on Ubuntu, "
    "playwright install --with-deps chromium"
)
STARTS_WITHIN_S = 60.0
PATIENCE_MS = 20_000
"""More than any step needs, also on a loaded machine."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Skips with the reason where there is none; in CI that is a failure."""
    with sync_playwright() as playwright:
        known = [path for name in NAMES if (path := shutil.which(name))]
        found = next((path for path in [*known, playwright.chromium.executable_path] if _starts(path)), None)
        if found is None:
            if os.environ.get("CI") == "true":
                pytest.fail(MISSING)
            pytest.skip(MISSING)
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def _starts(path: str) -> bool:
    """Ubuntu's `chromium-browser` is a script that asks for a snap, which a container cannot have."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=STARTS_WITHIN_S).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@contextmanager
def page_of(browser: Browser, *, width: int = 1280, height: int = 800, dark: bool = False) -> Iterator[Page]:
    """A page that fails the test if a script in it does."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if "Security Policy" in message.text else None)
    yield page
    context.close()
    assert not faults, faults
