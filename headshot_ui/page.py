"""The page: the tabs in the order of a visit, the header, and how it is launched.

A new tab is one module with `TITLE` and `build(visits)`, which gives its widgets, and one line in `TABS`.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import gradio as gr

from headshot_core.photo import MAX_BYTES
from headshot_core.presets import presets
from headshot_ui import craft_tab, crossing, enhance_tab, people_tab, presets_tab, train_tab
from headshot_ui.setup import Setup
from headshot_ui.theme import theme
from headshot_ui.visit import Visits
from headshot_ui.widgets import static, widget

TABS = (presets_tab, craft_tab, enhance_tab, people_tab, train_tab)
"""Only tabs that work."""

LOCAL = "Everything stays on this machine"
HOSTED = "This Space works on your photo and deletes it soon after you leave"


def build(setup: Setup) -> gr.Blocks:
    """The whole page, ready to be launched with `launch_options`."""
    folder = _private_folder()
    gr.set_static_paths([preset.thumbnail for preset in presets().values()])
    visits = Visits(folder / "visits")
    with gr.Blocks(title="Headshot Studio", analytics_enabled=False, delete_cache=(600, 3600), fill_width=True) as demo:
        _masthead()
        places = {}
        with gr.Tabs() as tabs:
            for tab in TABS:
                with gr.Tab(tab.TITLE, id=tab.TITLE) as place:
                    if tab is TABS[0]:
                        _setup_line(demo, setup)
                    places[tab.TITLE] = place, tab.build(visits)
        crossing.connect(visits, tabs, places)
        craft_tab.connect(visits, tabs, places)
        train_tab.connect(visits, tabs, places)
        people_tab.arrive(visits, *places[people_tab.TITLE])
        demo.unload(_leave(visits))
    demo.queue(default_concurrency_limit=8)
    return demo


def launch_options() -> dict:
    """What `Blocks.launch` needs to look right and to keep quiet: no analytics, no history, no share link."""
    return {
        "theme": theme(),
        "head": f"<style>{static('page.css')}</style>",  # as `css` Gradio would rewrite it and lose the media rules
        "footer_links": [],
        "run_history": False,
        "ssr_mode": False,
        "share": False,
        "show_error": False,
        "max_file_size": MAX_BYTES + 1_000_000,
        "favicon_path": str(Path(__file__).parent / "static" / "favicon.svg"),
    }


def _private_folder() -> Path:
    """A folder for uploads and downloads, only for this user, removed when the program ends."""
    folder = Path(tempfile.mkdtemp(prefix="headshot-studio-"))
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _masthead() -> None:
    trust = HOSTED if os.environ.get("SPACE_ID") else LOCAL
    gr.HTML(
        static("masthead.html").format(trust=trust),
        elem_id="masthead",
        elem_classes="widget",
        apply_default_css=False,
        js_on_load=None,
    )


def _setup_line(demo: gr.Blocks, setup: Setup) -> None:
    """A line that shows the first run's downloads, asked for every second until there is nothing more to say."""
    line = widget("setup", {"ready": True})
    timer = gr.Timer(1.0)

    def tick():
        return setup.view, gr.Timer(active=not setup.done)

    def again():
        setup.start()
        return setup.view, gr.Timer(active=True)

    quiet = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
    demo.load(again, None, [line, timer], **quiet)
    timer.tick(tick, None, [line, timer], **quiet)
    line.again(again, None, [line, timer], **quiet)


def _leave(visits: Visits):
    def leave(request: gr.Request) -> None:
        visits.leave(request.session_hash)

    return leave
