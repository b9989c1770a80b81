"""Recipe: all the wishes for one picture, as plain data.

The same recipe and the same photo give the same bytes, from the page, the terminal, a notebook or a batch.
"""

from __future__ import annotations

import json
from pathlib import PureWindowsPath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$", description="a colour as #rrggbb")]
Unit = Annotated[float, Field(ge=0, le=1)]
OWN_BACKGROUND = ("original", "original_blur")
"""Backdrops that keep the photo's background."""


class Settings(BaseModel):
    """A group of settings: unknown names are refused, so that a typing error is found."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def to_json(self) -> str:
        """Compact JSON with sorted keys: equal settings give equal text."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))


class Frame(Settings):
    """How the picture is cropped. Rules per name: `headshot_core.studio.framing`."""

    name: str = Field("portrait", description="portrait, linkedin, resume, email, team, speaker, id or free")
    width: int | None = Field(None, ge=64, le=6000, description="pixels; the frame's own size where empty")
    height: int | None = Field(None, ge=64, le=6000, description="pixels; the frame's own size where empty")
    zoom: float = Field(1.0, ge=0.5, le=2.0, description="head size against the frame's rule")
    shift_x: float = Field(0.0, ge=-0.5, le=0.5, description="move the person right, in frame widths")
    shift_y: float = Field(0.0, ge=-0.5, le=0.5, description="move the person down, in frame heights")
    straighten: bool = Field(True, description="take out the head's tilt, up to 12 degrees")


class Backdrop(Settings):
    """What stands behind the person. Kinds: `headshot_core.studio.backdrops`."""

    kind: str = Field("studio_grey", description="a backdrop's name")
    colour: Colour | None = Field(None, description="main colour; the kind's own where empty")
    accent: Colour | None = Field(None, description="second colour; the kind's own where empty")
    brightness: float = Field(0.0, ge=-1, le=1, description="darker to lighter, about one stop each way")
    blur: float = Field(0.5, ge=0, le=1, description="depth of field: sharp to wholly out of focus")
    image: str | None = Field(None, description="path of the user's own backdrop, for kind 'image'")


class Light(Settings):
    """The studio light. Patterns: `headshot_core.studio.light`.

    Azimuth: degrees from the camera axis, positive = from the viewer's right. Elevation: degrees above the eyes.
    """

    pattern: str = Field("natural", description="a pattern's name; 'natural' keeps the photo's own light")
    azimuth: float | None = Field(None, ge=-180, le=180, description="degrees; the pattern's own where empty")
    elevation: float | None = Field(None, ge=-60, le=90, description="degrees; the pattern's own where empty")
    softness: float = Field(0.6, ge=0, le=1, description="bare bulb to large softbox")
    fill: Unit | None = Field(None, description="light in the shadows; the pattern's own where empty")
    temperature: float = Field(6500, ge=2500, le=10000, description="key light, kelvin; 6500 is neutral")
    rim: Unit | None = Field(None, description="edge light from behind; the pattern's own where empty")
    rim_colour: Colour = Field("#ffffff", description="colour of the edge light")
    strength: float = Field(0.8, ge=0, le=1, description="the photo's own light to the pattern in full")


class Grade(Settings):
    """The look of the finished picture. Looks: `headshot_core.studio.grade`."""

    look: str = Field("natural", description="a look's name")
    strength: float = Field(1.0, ge=0, le=1, description="none to the look in full")
    exposure: float = Field(0.0, ge=-2, le=2, description="stops")
    auto: bool = Field(True, description="bring the face to a pleasant brightness first")


class Recipe(Settings):
    """Everything that decides one picture."""

    version: Literal[1] = 1
    preset: str | None = Field(None, description="the preset that it began from")
    frame: Frame = Frame()
    backdrop: Backdrop = Backdrop()
    light: Light = Light()
    grade: Grade = Grade()
    seed: int = Field(0, ge=0, le=2**31 - 1, description="of everything random: backdrop, grain")

    @property
    def own_background(self) -> bool:
        """Whether the photo's own background is kept."""
        return self.backdrop.kind in OWN_BACKGROUND

    def public(self) -> Recipe:
        """The recipe without the folders of the maker's machine: of an own backdrop only the file's name stays."""
        if not self.backdrop.image:
            return self
        name = PureWindowsPath(self.backdrop.image).name  # knows / and \ alike
        return self.model_copy(update={"backdrop": self.backdrop.model_copy(update={"image": name})})
