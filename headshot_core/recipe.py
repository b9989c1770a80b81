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


# What only the diffusion engine draws anew; the studio engine photographs what is there.


class Wishes(Settings):
    """What a generated picture shows, in plain choices or free words. Suggestions: `headshot_core.prompt`."""

    expression: str = Field("", max_length=80, description="such as 'gentle smile'")
    gaze: str = Field("", max_length=80, description="such as 'into the camera'")
    clothing: str = Field("", max_length=80, description="such as 'suit jacket and open shirt'")
    colour: str = Field("", max_length=40, description="of the clothing, such as 'navy'")
    fabric: str = Field("", max_length=40, description="of the clothing, such as 'wool'")
    background: str = Field("", max_length=160, description="the place; the backdrop's own words where empty")
    lighting: str = Field("", max_length=160, description="words beside the light's own")
    lens: str = Field("", max_length=80, description="such as '85 mm portrait lens'")
    framing: str = Field("", max_length=80, description="such as 'head and shoulders'")
    mood: str = Field("", max_length=80, description="such as 'confident'")
    era: str = Field("", max_length=80, description="such as '1960s'")
    text: str = Field("", max_length=1000, description="anything else, in free words")
    avoid: str = Field("", max_length=500, description="what should not be seen")


class Pose(Settings):
    """How head and shoulders are held. Presets: `headshot_core.generate.pose`.

    Angles in degrees, as the viewer sees them: yaw positive where the nose points to the viewer's right, pitch positive
    where it points up, roll positive where the head leans clockwise.
    """

    name: str = Field("free", description="a pose's name; 'free' leaves it to the model, 'photo' copies a photo's")
    yaw: float | None = Field(None, ge=-75, le=75, description="turn of the head; the pose's own where empty")
    pitch: float | None = Field(None, ge=-30, le=30, description="nose up or down; the pose's own where empty")
    roll: float | None = Field(None, ge=-25, le=25, description="tilt of the head; the pose's own where empty")
    shoulders: float | None = Field(
        None, ge=-75, le=75, description="turn of the shoulders; the pose's own where empty"
    )
    lean: float | None = Field(None, ge=-20, le=20, description="tilt of the body; the pose's own where empty")
    distance: float = Field(1.0, ge=0.7, le=2.5, description="nearer to farther, against the frame's rule")
    image: str | None = Field(None, description="path of the photo to copy, for pose 'photo'")
    strength: float = Field(0.8, ge=0, le=2, description="how firmly the pose is held")
    start: Unit = Field(0.0, description="share of the steps from which it is held")
    end: Unit = Field(0.8, description="share of the steps up to which it is held")
    depth: float = Field(0.0, ge=0, le=2, description="how firmly depth is held as well, where a model can")


class Lora(Settings):
    """One trained adapter and how much of it is used."""

    file: str = Field(description="a .safetensors file, or the name of one of the person's models")
    weight: float = Field(1.0, ge=-2, le=2)


Mode = Literal["person", "photo", "keep", "restyle"]


class Generate(Settings):
    """How the diffusion engine draws. Modes: `headshot_core.generate.engine`."""

    base: str = Field("", description="a base model's name, folder, file or hub id; the best one here where empty")
    mode: Mode = Field("photo", description="person (trained), photo (no training), keep (own face) or restyle")
    loras: tuple[Lora, ...] = Field((), max_length=8, description="trained adapters")
    likeness: Unit = Field(0.7, description="for mode 'photo': how strongly the face of the photo counts")
    strength: Unit = Field(0.6, description="for mode 'restyle': none to all drawn anew")
    light: Unit = Field(0.6, description="how firmly the light is steered")
    steps: int | None = Field(None, ge=1, le=150, description="the base model's own where empty")
    guidance: float | None = Field(None, ge=0, le=30, description="the base model's own where empty")
    count: int = Field(4, ge=1, le=64, description="pictures to draw")
    shown: int = Field(2, ge=1, le=64, description="the best of them to show")
    blend: Unit = Field(0.0, description="how much of the photo's own face is blended back")
    relight: bool = Field(False, description="light the finished picture as the recipe says")
    enhance: str = Field("", description="a style of the enhancement for the finished picture")


class Recipe(Settings):
    """Everything that decides one picture."""

    version: Literal[1] = 1
    preset: str | None = Field(None, description="the preset that it began from")
    frame: Frame = Frame()
    backdrop: Backdrop = Backdrop()
    light: Light = Light()
    grade: Grade = Grade()
    wishes: Wishes = Wishes()
    pose: Pose = Pose()
    generate: Generate = Generate()
    seed: int = Field(0, ge=0, le=2**31 - 1, description="of everything random: backdrop, grain")

    @property
    def own_background(self) -> bool:
        """Whether the photo's own background is kept."""
        return self.backdrop.kind in OWN_BACKGROUND

    def public(self) -> Recipe:
        """The recipe without the folders of the maker's machine: of own files only the names stay."""
        generate = self.generate.model_copy(
            update={
                "base": _file_name(self.generate.base) if _is_path(self.generate.base) else self.generate.base,
                "loras": tuple(lora.model_copy(update={"file": _file_name(lora.file)}) for lora in self.generate.loras),
            }
        )
        backdrop = self.backdrop.model_copy(update={"image": _file_name(self.backdrop.image)})
        pose = self.pose.model_copy(update={"image": _file_name(self.pose.image)})
        return self.model_copy(update={"backdrop": backdrop, "pose": pose, "generate": generate})


def _file_name(path: str | None) -> str | None:
    return PureWindowsPath(path).name if path else path  # knows / and \ alike


def _is_path(name: str) -> bool:
    """Whether a base model is named by its place on this machine: a hub id has one slash, and no more."""
    return "\\" in name or name.startswith(("/", "~", ".")) or name.count("/") > 1 or name.endswith(".safetensors")
