"""What the tests of the trainer share."""

from __future__ import annotations

import pytest

from headshot_core.generate import device, library


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty folder for people and models, and memory that does not depend on what else works on this machine."""
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(device, "_free_ram", lambda: 64.0)
    return tmp_path / "home"


@pytest.fixture(scope="session")
def one_thread():
    """For matrices this small more threads only wait for each other."""
    library.torch().set_num_threads(1)
