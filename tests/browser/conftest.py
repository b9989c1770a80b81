"""The real app in a process of its own, and real Chromium to visit it with.

Skipped with a reason where there is no Chromium: `apt-get install chromium`, or set CHROMIUM to its path.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from headshot_core import files

ROOT = Path(__file__).parents[2]
DESKTOP, PHONE = (1440, 900), (390, 844)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


def pytest_collection_modifyitems(items):
    """All tests of this folder are browser tests."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Chromium or Chrome of this machine."""
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    return found or pytest.skip("no Chromium found: install chromium, or set CHROMIUM to its path")


@pytest.fixture(scope="session")
def browser(chromium_path):
    """One Chromium for all tests; each test has a context of its own."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=chromium_path, headless=True, args=FLAGS)
        yield chromium
        chromium.close()


def _home_with_models(folder: Path) -> Path:
    """A person's folder with nothing but the models of this machine: what a test keeps is not kept for the tester."""
    folder.mkdir()
    (folder / "models").symlink_to(files.home() / "models")
    return folder


def studio_without_base_models(folder: Path) -> Studio:
    """The app with a folder that has the studio's models of this machine, and no base model."""
    home, temporary = folder / "home", folder / "tmp"
    (home / "models").mkdir(parents=True)
    temporary.mkdir()
    for path in (files.home() / "models").iterdir():
        if path.name != "diffusion":
            (home / "models" / path.name).symlink_to(path)
    return Studio(temporary, home)


class Studio:
    """The app, running."""

    def __init__(self, temporary: Path, home: Path | None = None):
        self.temporary = temporary
        self.home = home or _home_with_models(temporary.parent / "home")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        environment = os.environ | {"TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
        environment["HEADSHOT_HOME"] = str(self.home)
        environment.pop("SPACE_ID", None)
        environment.pop("OMP_NUM_THREADS", None)  # the app has the threads that people give it
        self._log = (temporary.parent / "app.log").open("w+")
        command = [sys.executable, "app.py", "--no-browser", "--port", str(self.port)]
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=self._log, stderr=self._log)
        self._wait()

    def _wait(self) -> None:
        for _ in range(600):
            try:
                urllib.request.urlopen(self.url, timeout=5).close()
                return
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.1)
        raise AssertionError(f"the app did not start:\n{self.log}")

    @property
    def log(self) -> str:
        """What the app printed."""
        return Path(self._log.name).read_text(encoding="utf-8")

    def files(self) -> list[Path]:
        """Every file in the app's temporary folder: uploads and downloads."""
        return [path for path in self.temporary.rglob("*") if path.is_file()]

    def stop(self) -> None:
        """Ask the app to end, as a service manager would."""
        self._process.terminate()
        self._process.wait(20)
        self._log.close()


@pytest.fixture(scope="session")
def studio(tmp_path_factory, model_files, chromium_path):
    """The app on a free port, with a temporary folder of its own."""
    folder = tmp_path_factory.mktemp("studio") / "tmp"
    folder.mkdir()
    running = Studio(folder)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def windows(browser):
    """Browser windows by size and scheme, shared by all tests for their cache's sake: a visit is a page in one."""
    return windows_of(browser)


def windows_of(browser):
    """Open windows by size and scheme, each once: `window(size, scheme)`."""
    opened = {}

    def window(size, scheme):
        if (size, scheme) not in opened:
            viewport = {"width": size[0], "height": size[1]}
            opened[size, scheme] = browser.new_context(viewport=viewport, color_scheme=scheme, has_touch=size == PHONE)
            opened[size, scheme].set_default_timeout(60_000)
        return opened[size, scheme]

    return window


@pytest.fixture
def visit(windows, studio):
    """Open the page: `visit(size, scheme)`. At the end there was no console error and no request elsewhere."""
    yield from visits_to(studio, windows)


def visits_to(studio, windows):
    """The fixture `visit` for any studio."""
    pages, troubles = [], []

    def note(kind: str, text: str) -> None:
        troubles.append(f"{kind}: {text}")

    def open_page(size=DESKTOP, scheme="light"):
        page = windows(size, scheme).new_page()
        pages.append(page)
        page.on("console", lambda message: message.type == "error" and note("console", message.text))
        page.on("pageerror", lambda error: note("script", str(error)))
        page.on("request", lambda request: _is_foreign(request.url, studio.url) and note("request", request.url))
        page.goto(studio.url)
        page.wait_for_selector(".welcome")
        return page

    yield open_page
    for page in pages:
        page.close()
    assert troubles == []


def _is_foreign(url: str, own: str) -> bool:
    return not url.startswith((own, "data:", "blob:"))
