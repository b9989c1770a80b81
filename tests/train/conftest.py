"""What the tests of the trainer share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headshot_core.generate import device, library, models


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty folder for people and models, and memory that does not depend on what else works on this machine.

    The demo base model would lie there too, not in the project.
    """
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(models.BASES, "micro", replace(models.BASES["micro"], source=str(tmp_path / "home" / "micro")))
    monkeypatch.setattr(device, "_free_ram", lambda: 64.0)
    return tmp_path / "home"


@pytest.fixture(scope="session")
def one_thread():
    """For matrices this small more threads only wait for each other."""
    library.torch().set_num_threads(1)
