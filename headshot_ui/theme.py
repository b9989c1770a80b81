"""The look of the page: warm paper and ink, one accent, system fonts. Most of it is `static/page.css`."""

from __future__ import annotations

import gradio as gr

PAPER, INK, ACCENT = "#FAF8F5", "#1B1A18", "#A8481F"
ACCENT_DARK = "#E8935F"
FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif"]


def theme() -> gr.themes.Base:
    """Gradio's own parts in the page's colours; plain fonts make no request to anywhere."""
    base = gr.themes.Base(font=FONTS, font_mono=["ui-monospace", "Consolas", "monospace"], text_size="lg")
    return base.set(
        body_background_fill=PAPER,
        body_background_fill_dark=INK,
        body_text_color=INK,
        body_text_color_dark=PAPER,
        background_fill_primary=PAPER,
        background_fill_primary_dark=INK,
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_padding="0",
        block_shadow="none",
        layout_gap="0",
        color_accent=ACCENT,
        color_accent_soft=PAPER,
        color_accent_soft_dark=INK,
    )
