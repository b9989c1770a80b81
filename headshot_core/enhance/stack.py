"""Stack: the tools to use on a photo and their settings, in order, as plain data."""

from __future__ import annotations

from pathlib import PureWindowsPath
from typing import Annotated, Literal, TypeVar, Union

from pydantic import AfterValidator, Field

from headshot_core.enhance.background import Background
from headshot_core.enhance.blemishes import Blemishes
from headshot_core.enhance.brows import Brows
from headshot_core.enhance.crop import Crop
from headshot_core.enhance.denoise import Denoise
from headshot_core.enhance.eyes import Eyes
from headshot_core.enhance.glasses import Glasses
from headshot_core.enhance.grade import Grade
from headshot_core.enhance.hair import Hair
from headshot_core.enhance.heal import Heal
from headshot_core.enhance.jpeg import Jpeg
from headshot_core.enhance.lips import Lips
from headshot_core.enhance.relight import Relight
from headshot_core.enhance.sharpen import Sharpen
from headshot_core.enhance.skin import Skin
from headshot_core.enhance.teeth import Teeth
from headshot_core.enhance.tone import Tone
from headshot_core.enhance.tool import Tool
from headshot_core.enhance.upscale import Upscale
from headshot_core.errors import HeadshotError
from headshot_core.recipe import Settings

TOOLS: tuple[type[Tool], ...] = (
    Crop,
    Jpeg,
    Denoise,
    Tone,
    Relight,
    Blemishes,
    Heal,
    Skin,
    Eyes,
    Teeth,
    Lips,
    Brows,
    Hair,
    Glasses,
    Sharpen,
    Background,
    Grade,
    Upscale,
)
"""Every tool, in the order in which they are used unless somebody says otherwise."""

NAMES = {kind.model_fields["tool"].default: kind for kind in TOOLS}
AnyTool = Annotated[Union[TOOLS], Field(discriminator="tool")]  # noqa: UP007
T = TypeVar("T", bound=Tool)


def _each_once(steps: tuple[Tool, ...]) -> tuple[Tool, ...]:
    names = [step.tool for step in steps]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the tool '{name}' stands there twice")
    return steps


Steps = Annotated[tuple[AnyTool, ...], AfterValidator(_each_once)]


class Stack(Settings):
    """The tools for one photo, in order: each at most once."""

    version: Literal[1] = 1
    steps: Steps = ()

    def of(self, kind: type[T]) -> T | None:
        """The settings of one tool; None where it is not used."""
        return next((step for step in self.steps if isinstance(step, kind)), None)

    def having(self, step: Tool) -> Stack:
        """This stack with a tool's new settings: in its place, or where that tool usually stands."""
        order = [type(one) for one in self.steps]
        if type(step) in order:
            steps = tuple(step if type(one) is type(step) else one for one in self.steps)
        else:
            rank = TOOLS.index(type(step))
            at = next((i for i, kind in enumerate(order) if TOOLS.index(kind) > rank), len(order))
            steps = self.steps[:at] + (step,) + self.steps[at:]
        return self.model_copy(update={"steps": steps})

    def without(self, name: str) -> Stack:
        """This stack without one tool."""
        return self.model_copy(update={"steps": tuple(step for step in self.steps if step.tool != name)})

    @property
    def own_background(self) -> bool:
        """Whether the photo's own background is kept."""
        background = self.of(Background)
        return background is None or background.idle or background.keeps

    def public(self) -> Stack:
        """The stack without the folders of the maker's machine: of an own backdrop only the file's name stays."""
        background = self.of(Background)
        if background is None or not background.image:
            return self
        return self.having(background.model_copy(update={"image": PureWindowsPath(background.image).name}))


def tool(name: str) -> type[Tool]:
    """The tool of that name, or a `HeadshotError`."""
    if name not in NAMES:
        raise HeadshotError(f"There is no tool called '{name}'.", f"Choose one of {', '.join(NAMES)}.")
    return NAMES[name]
