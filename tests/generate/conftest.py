"""What the tests of the diffusion engine share."""

from __future__ import annotations

import pytest

from headshot_core.generate import device


@pytest.fixture(autouse=True)
def enough_memory(request, monkeypatch):
    """Plans of the engine do not depend on what else works on this machine."""
    if request.path.stem != "test_device":
        monkeypatch.setattr(device, "_free_ram", lambda: 64.0)
