"""Sharper brows and lashes."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from headshot_core import colour
from headshot_core.enhance.eyes import shown
from headshot_core.enhance.features import (
    Brow,
    Eye,
    band,
    brows,
    detail_seen,
    laid,
    median,
    recoloured,
    retouch,
    together,
)
from headshot_core.enhance.tool import Tool, amount
from headshot_core.enhance.view import View, Window

SHARPER = 1.0
"""More contrast between hairs at most, as a share."""
FULLER, DARKER = 0.3, 0.08
"""How far skin between hairs goes to the hairs' colour at most, and how much darker the whole becomes."""


class Brows(Tool):
    """Sharper brows and lashes."""

    title: ClassVar[str] = "Brows and lashes"
    group: ClassVar[str] = "Features"

    tool: Literal["brows"] = "brows"
    strength: float = Field(0.5, ge=0, le=1, description="how much of it, from nothing to all")
    sharpen: float = amount(0.6, "clearer hairs in the brows")
    density: float = amount(0.4, "fuller brows, in their own colour and outline")
    lashes: float = amount(0.6, "clearer upper lashes, where the eye is open")

    def apply(self, view: View) -> np.ndarray:
        here = View(view.window, retouch(view, view.study.once(brows), self._brow), view.head)
        return retouch(here, shown(view.study), self._lashes)

    def mask(self, window: Window) -> np.ndarray:
        hairs = [(part.area, part.window) for part in window.study.once(brows)]
        return together(window, hairs + [(eye.shown * eye.lashes, eye.window) for eye in shown(window.study)])

    def _brow(self, view: View, part: Brow) -> np.ndarray:
        lab = colour.to_lab(view.pixels)
        area = laid(view.window, part.area, part.window)
        full = fuller(lab, self.density * area, own_colour(view.head, part))
        detail = self.sharpen * detail_seen(view.study)
        return recoloured(view.pixels, lab, sharper(full, detail * area, view.unit))

    def _lashes(self, view: View, eye: Eye) -> np.ndarray:
        lab = colour.to_lab(view.pixels)
        mask = self.lashes * eye.shown * laid(view.window, eye.lashes, eye.window)
        return recoloured(view.pixels, lab, sharper(lab, mask, view.unit))


def own_colour(head: View, part: Brow) -> np.ndarray | None:
    """(3,) CIELAB of the brow's hairs; None where it has hardly any."""
    return median(colour.to_lab(head.pixels), laid(head.window, part.hair, part.window))


def fuller(lab: np.ndarray, mask: np.ndarray, hair: np.ndarray | None) -> np.ndarray:
    """Skin between hairs nearer to the hairs' colour, and all a little darker."""
    if hair is None:
        return lab
    towards = FULLER * mask * (lab[..., 0] > hair[0])
    lab = lab + towards[..., None] * (hair - lab)
    lab[..., 0] *= 1 - DARKER * mask
    return lab


def sharper(lab: np.ndarray, mask: np.ndarray, unit: float) -> np.ndarray:
    """More contrast between hairs; less in what becomes lighter, so that no edge gets a bright seam."""
    detail = np.clip(band(lab[..., 0], 0.005 * unit, 0.022 * unit), -10, 5)
    lab = lab.copy()
    lab[..., 0] += SHARPER * mask * detail
    return lab
