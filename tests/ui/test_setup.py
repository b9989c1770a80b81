"""Getting ready behind the page: what is missing is told, and can be tried again."""

from __future__ import annotations

import time

from headshot_ui.setup import Setup


def _wait(setup: Setup) -> None:
    end = time.monotonic() + 20
    while not setup.done and time.monotonic() < end:
        time.sleep(0.05)


def test_missing_model_files_are_told_and_tried_again(tmp_path, monkeypatch):
    """Without files and without a network the page says so; a second try looks again."""
    monkeypatch.setenv("HEADSHOT_HOME", str(tmp_path))
    monkeypatch.setenv("HEADSHOT_OFFLINE", "1")
    setup = Setup()
    assert setup.view == {"ready": True}  # nothing is said before there is something to say
    for _ in range(2):
        setup.start()
        _wait(setup)
        assert setup.view["ready"] is False
        assert "face_landmarker.task" in setup.view["error"]["what"]
        assert setup.view["error"]["todo"]


def test_progress_is_a_share_of_the_whole():
    """The page's bar gets per cent; where the whole is not known it stays at the start."""
    setup = Setup()
    setup._report(25, 100, "Downloading a.task")
    assert setup.view["percent"] == 25
    assert "a.task" in setup.view["says"]
    setup._report(25, 0, "Unpacking a.task")
    assert setup.view["percent"] == 0


def test_close_ends_the_work(model_files):
    """The program does not have to wait for a long download, and no thread is left in a model."""
    setup = Setup()
    setup.start()
    setup.close()
    assert setup.done
