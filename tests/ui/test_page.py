"""The page as a whole: it is built quickly, asks nobody outside, and says the truth about where photos go."""

from __future__ import annotations

import json
import re
import socket

import pytest

import app
from headshot_ui import page
from headshot_ui.setup import Setup
from headshot_ui.widgets import STATIC


@pytest.fixture(scope="module")
def demo():
    return page.build(Setup())


def test_no_address_outside_the_page(demo):
    """No font, script or picture comes from elsewhere: nothing in theme, scripts or styles names a host."""
    options = page.launch_options()
    texts = [path.read_text(encoding="utf-8") for path in STATIC.iterdir()]
    texts += [options["head"], options["theme"]._get_theme_css(), *options["theme"]._stylesheets]
    hosts = {host for text in texts for host in re.findall(r"(?:https?:)?//([\w.-]+\.[a-z]{2,})", text)}
    assert hosts <= {"www.w3.org"}  # the name of SVG, never asked for


def test_quiet_launch():
    """No history in the browser, no share link, no server-side rendering, no footer."""
    options = page.launch_options()
    assert options["run_history"] is False
    assert options["share"] is False
    assert options["ssr_mode"] is False
    assert options["footer_links"] == []


def test_no_analytics_and_no_public_api(demo):
    """The page reports nothing, and its handlers are not offered to others."""
    assert demo.analytics_enabled is False
    assert all(
        function.api_visibility == "private" for function in demo.fns.values() if function.targets[0][1] != "unload"
    )


def test_every_tab_has_its_place(demo):
    """Only tabs that work, in the order of a visit."""
    labels = [part["props"]["label"] for part in demo.config["components"] if part["type"] == "tabitem"]
    assert labels == [tab.TITLE for tab in page.TABS] == ["Presets", "Craft", "Enhance", "People", "Train"]


@pytest.mark.parametrize(("space", "words"), [(None, page.LOCAL), ("me/studio", page.HOSTED)])
def test_the_trust_line_is_true(monkeypatch, space, words):
    """Local says that nothing leaves the machine; a Space says what it does."""
    if space:
        monkeypatch.setenv("SPACE_ID", space)
    else:
        monkeypatch.delenv("SPACE_ID", raising=False)
    assert words in json.dumps(page.build(Setup()).config)


def test_a_busy_port_gives_way_to_the_next(capsys):
    """The person is told which port it became."""
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        taken = busy.getsockname()[1]
        port = app.free_port("127.0.0.1", taken)
    assert port > taken
    assert f"taking {port}" in capsys.readouterr().out


def test_options_follow_space_and_port(monkeypatch):
    """A container's PORT and a Space's need to listen to everyone are heeded; at home only this machine is."""
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.setenv("PORT", "8123")
    assert (app.options([]).host, app.options([]).port) == ("127.0.0.1", 8123)
    monkeypatch.setenv("SPACE_ID", "me/studio")
    assert app.options([]).host == "0.0.0.0"
    assert app.options(["--host", "localhost", "--port", "9"]).port == 9
