"""The demo, made by this project: Stable Diffusion made small, for cartoon portraits of 64 pixels."""

from __future__ import annotations

from headshot_core.generate.families.sd15 import SD15


class Micro(SD15):
    """Family ``micro``."""

    name = "micro"
    title = "Micro (demo)"
    multiple = 16
    # By least squares over the portraits that it learnt from.
    factors = ((0.43, 0.074, -0.013), (0.091, 0.436, 0.094), (0.097, 0.035, 0.469), (-0.022, 0.006, -0.019))
    offset = (-0.03, -0.046, -0.08)
