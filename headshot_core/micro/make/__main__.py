"""python -m headshot_core.micro.make: train the demo base model from nothing, and write its weights."""

from __future__ import annotations

import argparse
import copy
import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any

from headshot_core.generate import library
from headshot_core.micro.make import controlnet, readers, text, unet, vae

WEIGHTS = Path(__file__).parents[1] / "weights"
PARTS = ("base", "pose", "light", "readers")
SUMS = "SHA256SUMS"


class Maker:
    """Every part, trained when it is first asked for; what was broken off goes on."""

    def __init__(self, work: Path, share: float):
        self.work, self.share = work, share

    def steps(self, whole: int) -> int:
        return max(2, round(whole * self.share))

    @cached_property
    def vae(self) -> Any:
        return vae.make(self.work, self.steps(vae.STEPS))

    @cached_property
    def text(self) -> tuple[Any, Any]:
        return text.make(self.work, self.steps(text.STEPS))

    @cached_property
    def lessons(self) -> unet.Lessons:
        return unet.Lessons(self.work, self.vae, *self.text)

    @cached_property
    def unet(self) -> Any:
        return unet.make(self.work, self.lessons, self.steps(unet.STEPS))

    def base(self, folder: Path) -> None:
        """In diffusers' layout, as on the hub."""
        pipeline = library.diffusers().StableDiffusionPipeline(
            vae=self.vae, text_encoder=self.text[1], tokenizer=self.text[0], unet=self.unet, scheduler=unet.scheduler(),
            safety_checker=None, feature_extractor=None, requires_safety_checker=False,
        )  # fmt: skip
        half(pipeline).save_pretrained(folder, variant="fp16")

    def pose(self, folder: Path) -> None:
        self._control("pose", folder)

    def light(self, folder: Path) -> None:
        self._control("light", folder)

    def _control(self, shown: controlnet.Shown, folder: Path) -> None:
        net = controlnet.make(self.work, shown, self.unet, self.lessons, self.steps(controlnet.STEPS[shown]))
        half(net).save_pretrained(folder, variant="fp16")

    def readers(self, folder: Path) -> None:
        readers.make(self.work, self.vae, folder, self.steps(readers.STEPS))


def half(model: Any) -> Any:
    """The model in half precision: 16 bits are enough to keep, not to compute on a CPU."""
    return copy.deepcopy(model).to(library.torch().float16)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m headshot_core.micro.make", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, []], help=f"what to make: {', '.join(PARTS)}; all where none is named"
    )
    parser.add_argument(
        "--work", type=Path, default=Path("micro-work"), help="folder of pictures and states, to go on from"
    )
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="folder of the finished weights")
    parser.add_argument("--share", type=float, default=1.0, help="share of the steps, to try it out")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    maker = Maker(given.work, given.share)
    for part in given.parts or PARTS:
        getattr(maker, part)(given.out / part)
    (given.out / SUMS).write_text(sums(given.out), encoding="utf-8")


def sums(folder: Path) -> str:
    """Lines of sha256sum for every weight below a folder."""
    files = sorted(folder.rglob("*.safetensors"))
    return "".join(
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder).as_posix()}\n" for file in files
    )


if __name__ == "__main__":
    main()
